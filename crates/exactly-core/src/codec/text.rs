//! Texts, bytes, and what is one short text.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;

use super::{Form, Mismatch, found, odd, text};
use crate::bytes::Bytes;

macro_rules! texts {
    ($($ty:ty),+) => {
        $(
            #[diagnostic::do_not_recommend]
            impl Form for $ty {
                const NAME: &'static str = "UTF-8 text";

                fn encode(&self) -> Result<Bytes, Mismatch> {
                    Ok(Bytes::from(&**self))
                }

                fn decode(bytes: &Bytes) -> Result<Self, Mismatch> {
                    Ok(text(bytes)?.into())
                }
            }
        )+
    };
}

texts!(Box<str>, Arc<str>);

impl Form for String {
    const NAME: &'static str = "UTF-8 text";

    fn encode(&self) -> Result<Bytes, Mismatch> {
        Ok(self.as_str().into())
    }

    fn decode(bytes: &Bytes) -> Result<Self, Mismatch> {
        Ok(text(bytes)?.to_owned())
    }
}

#[diagnostic::do_not_recommend]
impl Form for char {
    const NAME: &'static str = "one character";

    fn encode(&self) -> Result<Bytes, Mismatch> {
        Ok(self.to_string().into())
    }

    fn decode(bytes: &Bytes) -> Result<Self, Mismatch> {
        text(bytes)?.parse().map_err(|_| found(bytes))
    }
}

impl Form for Vec<u8> {
    const NAME: &'static str = "bytes";

    fn encode(&self) -> Result<Bytes, Mismatch> {
        Ok(self.as_slice().into())
    }

    fn decode(bytes: &Bytes) -> Result<Self, Mismatch> {
        Ok(bytes.to_vec())
    }
}

#[diagnostic::do_not_recommend]
impl Form for Box<[u8]> {
    const NAME: &'static str = "bytes";

    fn encode(&self) -> Result<Bytes, Mismatch> {
        Ok((&**self).into())
    }

    fn decode(bytes: &Bytes) -> Result<Self, Mismatch> {
        Ok((&**bytes).into())
    }
}

#[diagnostic::do_not_recommend]
impl<const N: usize> Form for [u8; N] {
    const NAME: &'static str = "a fixed number of bytes";

    fn encode(&self) -> Result<Bytes, Mismatch> {
        Ok(self.as_slice().into())
    }

    fn decode(bytes: &Bytes) -> Result<Self, Mismatch> {
        let fixed = (&**bytes).try_into();
        fixed.map_err(|_| odd(format!("needs {N} bytes, not {}", bytes.len()), bytes))
    }
}

impl Form for Bytes {
    const NAME: &'static str = "bytes";

    fn encode(&self) -> Result<Bytes, Mismatch> {
        Ok(self.clone())
    }

    fn decode(bytes: &Bytes) -> Result<Self, Mismatch> {
        Ok(bytes.clone())
    }
}

macro_rules! addresses {
    ($($name:literal: $ty:ty),+) => {
        $(
            #[diagnostic::do_not_recommend]
            impl Form for $ty {
                const NAME: &'static str = $name;

                fn encode(&self) -> Result<Bytes, Mismatch> {
                    Ok(self.to_string().into())
                }

                fn decode(bytes: &Bytes) -> Result<Self, Mismatch> {
                    text(bytes)?.parse().map_err(|_| found(bytes))
                }
            }
        )+
    };
}

addresses!(
    "an IP address": IpAddr,
    "an IPv4 address": Ipv4Addr,
    "an IPv6 address": Ipv6Addr,
    "an IP address with a port": SocketAddr
);
