use core::fmt;
use core::net::IpAddr;

/// Addresses at which audio is received: one, or one of each family.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Addresses {
    first: IpAddr,
    other: Option<IpAddr>,
}

impl Addresses {
    /// Takes a list of one or two addresses; `None` if it is empty or two are of one family.
    #[must_use]
    pub fn of(list: &[IpAddr]) -> Option<Self> {
        match *list {
            [first] => Some(first.into()),
            [first, other] if first.is_ipv4() != other.is_ipv4() => Some(Self {
                first,
                other: Some(other),
            }),
            _ => None,
        }
    }

    /// Returns the address that offers of ours name.
    #[must_use]
    pub const fn first(self) -> IpAddr {
        self.first
    }

    /// Returns the address of the other family.
    #[must_use]
    pub const fn other(self) -> Option<IpAddr> {
        self.other
    }

    /// Walks over the addresses, the first one first.
    pub fn iter(self) -> impl Iterator<Item = IpAddr> {
        core::iter::once(self.first).chain(self.other)
    }

    /// Puts the address of the family that `ip` is of first, if there is one.
    #[must_use]
    pub const fn preferring(self, ip: IpAddr) -> Self {
        match self.other {
            Some(other) if other.is_ipv4() == ip.is_ipv4() => Self {
                first: other,
                other: Some(self.first),
            },
            _ => self,
        }
    }

    /// Returns the address of the family that `ip` is of.
    #[must_use]
    pub fn like(self, ip: IpAddr) -> Option<IpAddr> {
        self.iter().find(|own| own.is_ipv4() == ip.is_ipv4())
    }
}

impl From<IpAddr> for Addresses {
    fn from(first: IpAddr) -> Self {
        Self { first, other: None }
    }
}

impl fmt::Display for Addresses {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.other {
            None => self.first.fmt(f),
            Some(other) => write!(f, "{} and {other}", self.first),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::ToString;
    use alloc::vec::Vec;

    fn list(texts: &[&str]) -> Vec<IpAddr> {
        let parse = |text: &&str| text.parse().expect("an address");
        texts.iter().map(parse).collect()
    }

    #[test]
    fn there_is_one_address_of_a_family_at_most() {
        for bad in [
            &[][..],
            &["127.0.0.1", "192.0.2.1"],
            &["::1", "::1"],
            &["127.0.0.1", "::1", "192.0.2.1"],
        ] {
            assert_eq!(Addresses::of(&list(bad)), None, "{bad:?}");
        }
        let both = Addresses::of(&list(&["2001:db8::1", "192.0.2.1"])).expect("two families");
        assert_eq!(both.to_string(), "2001:db8::1 and 192.0.2.1");
        let found = both.like("127.0.0.1".parse().expect("an address"));
        assert_eq!(found, both.other());
        let swapped = both.preferring("127.0.0.1".parse().expect("an address"));
        assert_eq!(Some(swapped.first()), both.other());
        assert_eq!(swapped.preferring(both.first()), both);
        let one = Addresses::from(both.first());
        assert_eq!(one.other(), None);
        assert_eq!(one.preferring(swapped.first()), one);
    }
}
