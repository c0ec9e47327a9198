//! By what an answer is known to be the one to its call.

use exactly_core::Fault;

/// A few bytes that a script gives back: an answer to another call would not have them.
pub(crate) fn made() -> [u8; 8] {
    let mut echo = [0; 8];
    fastrand::fill(&mut echo);
    echo
}

pub(crate) fn misled() -> Fault {
    Fault::lost_reply("the server's answer was meant for another call")
}
