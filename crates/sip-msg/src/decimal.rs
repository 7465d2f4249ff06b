/// The longest text: an IPv4 address, or any 64-bit number.
const LEN_MAX: usize = 20;

/// A short text of digits and marks, written without the machinery of formatting.
#[derive(Debug, Default)]
pub(crate) struct Decimal {
    octets: [u8; LEN_MAX],
    len: usize,
}

impl Decimal {
    /// Adds an ASCII octet; what does not fit is left out, and all users fit.
    pub(crate) fn push(&mut self, octet: u8) {
        if let Some(place) = self.octets.get_mut(self.len) {
            *place = octet;
            self.len += 1;
        }
    }

    /// Adds a number.
    pub(crate) fn push_number(&mut self, mut number: usize) {
        let start = self.len;
        loop {
            self.push(b"0123456789"[number % 10]);
            number /= 10;
            if number == 0 {
                break;
            }
        }
        self.octets[start..self.len].reverse();
    }

    pub(crate) fn as_str(&self) -> &str {
        core::str::from_utf8(&self.octets[..self.len]).unwrap_or_default()
    }
}
