use alloc::borrow::Cow;

use crate::scan::number;
use crate::{NameAddr, Uri};

/// What a Contact says about the device behind it.
impl NameAddr {
    /// The weight `q` in thousandths, 0 to 1000 (RFC 3261 20.10).
    pub fn quality(&self) -> Option<u16> {
        self.params.quality()
    }

    /// The device that registers, whatever its address: `+sip.instance` without quotes and
    /// angles, such as `urn:uuid:...` (RFC 5626 4.1).
    pub fn instance(&self) -> Option<Cow<'_, str>> {
        let text = self.params.text("+sip.instance")?;
        let inner = |text: &str| {
            let inner = text
                .strip_prefix('<')
                .and_then(|text| text.strip_suffix('>'));
            inner.map(|inner| inner.len())
        };
        Some(match (inner(&text), text) {
            (None, text) => text,
            (Some(len), Cow::Borrowed(text)) => Cow::Borrowed(&text[1..=len]),
            (Some(len), Cow::Owned(text)) => Cow::Owned(text[1..=len].into()),
        })
    }

    /// Which of the flows of a device this is (RFC 5626 4.2).
    pub fn reg_id(&self) -> Option<u32> {
        self.params.value("reg-id").and_then(number)
    }

    /// The public address of the device that the registrar made (RFC 5627 4.2).
    pub fn pub_gruu(&self) -> Option<Uri> {
        self.gruu("pub-gruu")
    }

    /// The address that does not tell whose device it is (RFC 5627 4.2).
    pub fn temp_gruu(&self) -> Option<Uri> {
        self.gruu("temp-gruu")
    }

    fn gruu(&self, name: &str) -> Option<Uri> {
        self.params.text(name).and_then(|text| text.parse().ok())
    }
}

/// Parameters that tell how a URI is reached.
impl Uri {
    /// Whether a registered device, not only a user, is meant (RFC 5627 3.2: `gr`).
    pub fn is_gruu(&self) -> bool {
        self.params().has("gr")
    }

    /// The device of a public GRUU: the value of `gr`.
    pub fn gruu_instance(&self) -> Option<Cow<'_, str>> {
        self.param("gr")
    }

    /// Whether requests go over the flow that registered (RFC 5626 4.3: `ob`).
    pub fn is_outbound(&self) -> bool {
        self.params().has("ob")
    }

    /// The `ttl` of a multicast address.
    pub fn ttl(&self) -> Option<u8> {
        self.params().value("ttl").and_then(number)
    }

    /// Whether the user part is a telephone number (RFC 3261 19.1.1: `user=phone`).
    pub fn is_phone(&self) -> bool {
        let user = self.params().value("user");
        user.is_some_and(|user| user.eq_ignore_ascii_case("phone"))
    }
}
