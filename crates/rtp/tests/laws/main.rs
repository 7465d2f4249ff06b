//! Laws of the packets and of their receivers, checked through the public API.

mod digits;
mod packets;
mod reception;
mod rtcp;
mod sequence;
