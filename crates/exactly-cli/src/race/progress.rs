//! How far a coding is, on standard error, for whoever waits in front of a terminal.

use std::io::{self, IsTerminal};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::coding::Coding;

/// Reporting each call would cost the tasks more than some handlers do; a power of two is cheap
/// to test for.
const CALLS_BETWEEN_REPORTS: usize = 1 << 10;

/// The bar of one coding. It also shows with `--json`: that concerns standard output, this is
/// standard error. Without a terminal it is silent.
#[derive(Debug, Clone)]
pub(crate) struct Progress(ProgressBar);

impl Progress {
    /// A bar for a coding that is about to start.
    pub(crate) fn start(coding: Coding, requests: u32) -> Self {
        if !io::stderr().is_terminal() {
            return Self::hidden();
        }
        let target = ProgressDrawTarget::stderr();
        let bar = ProgressBar::with_draw_target(Some(u64::from(requests)), target);
        let style = ProgressStyle::with_template("{msg:18} {bar:30} {human_pos} of {human_len}")
            .unwrap_or_else(|_| ProgressStyle::default_bar());
        bar.set_style(style.progress_chars("█▌ "));
        bar.set_message(coding.name());
        Self(bar)
    }

    /// A bar that nobody sees.
    pub(crate) fn hidden() -> Self {
        Self(ProgressBar::hidden())
    }

    /// The crowd has come to the call at this place of the list.
    pub(crate) fn reached(&self, at: usize) {
        if at.is_multiple_of(CALLS_BETWEEN_REPORTS) {
            self.0.set_position(at as u64);
        }
    }

    /// Takes the bar off the screen; the report is about to say it better.
    pub(crate) fn clear(&self) {
        self.0.finish_and_clear();
    }
}
