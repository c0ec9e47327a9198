//! The terminal as long as it is ours: drawn on, listened to, and given back as it was.

use std::thread;

use ratatui::DefaultTerminal;
use ratatui::crossterm::event::{self, Event, KeyCode, KeyEvent, KeyEventKind, KeyModifiers};
use ratatui::layout::{Constraint, Layout};
use ratatui::style::{Modifier, Style};
use ratatui::text::Line;
use ratatui::widgets::Paragraph;
use tokio::sync::mpsc;

use crate::failure::{Failure, reason};

/// What somebody at the terminal wants.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Pressed {
    Quit,
    Redraw,
}

/// A terminal that is given back when this is dropped, and when the program panics.
#[derive(Debug)]
pub(crate) struct Terminal {
    screen: DefaultTerminal,
    pressed: mpsc::UnboundedReceiver<Pressed>,
}

impl Terminal {
    pub(crate) fn open() -> Result<Self, Failure> {
        let screen = ratatui::try_init().map_err(|error| {
            ratatui::restore();
            Failure::Misuse(format!(
                "cannot draw on this terminal: {}. Use --once.",
                reason(&error)
            ))
        })?;
        let (tell, pressed) = mpsc::unbounded_channel();
        // Waiting for a key cannot be called off. The thread ends with the process.
        thread::spawn(move || {
            while let Ok(event) = event::read() {
                let meant = meaning(&event);
                if meant.is_some_and(|meant| tell.send(meant).is_err()) {
                    return;
                }
            }
            // Nobody can press a key any more.
            let _ = tell.send(Pressed::Quit);
        });
        Ok(Self { screen, pressed })
    }

    /// Resolves when somebody wants something.
    pub(crate) async fn pressed(&mut self) -> Pressed {
        self.pressed.recv().await.unwrap_or(Pressed::Quit)
    }

    /// Draws a page: a line on top, as many lines as fit, and one at the bottom.
    pub(crate) fn draw(
        &mut self,
        top: &str,
        bottom: &str,
        lines: impl FnOnce(usize) -> Vec<Line<'static>>,
    ) -> Result<(), Failure> {
        let drawn = self.screen.draw(|frame| {
            let rows = [Constraint::Length(1), Constraint::Min(0), Constraint::Length(1)];
            let [head, body, foot] = Layout::vertical(rows).areas(frame.area());
            let bold = Style::new().add_modifier(Modifier::BOLD);
            let faint = Style::new().add_modifier(Modifier::DIM);
            frame.render_widget(Line::styled(top.to_owned(), bold), head);
            frame.render_widget(Paragraph::new(lines(usize::from(body.width))), body);
            frame.render_widget(Line::styled(format!("{bottom}   q quits"), faint), foot);
        });
        drawn.map(drop).map_err(|error| {
            Failure::Unfinished(format!("cannot draw on this terminal: {}.", reason(&error)))
        })
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        ratatui::restore();
    }
}

fn meaning(event: &Event) -> Option<Pressed> {
    match event {
        Event::Key(KeyEvent { code, modifiers, kind: KeyEventKind::Press, .. }) => {
            let by_control = modifiers.contains(KeyModifiers::CONTROL);
            let quits = matches!(code, KeyCode::Char('q' | 'Q') | KeyCode::Esc)
                || (by_control && matches!(code, KeyCode::Char('c' | 'd')));
            quits.then_some(Pressed::Quit)
        }
        Event::Resize(..) => Some(Pressed::Redraw),
        Event::Key(_) | Event::FocusGained | Event::FocusLost => None,
        Event::Mouse(_) | Event::Paste(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_ends_it() {
        let key = |code, modifiers| Event::Key(KeyEvent::new(code, modifiers));
        let (none, control) = (KeyModifiers::NONE, KeyModifiers::CONTROL);
        for (event, meant) in [
            (key(KeyCode::Char('q'), none), Some(Pressed::Quit)),
            (key(KeyCode::Esc, none), Some(Pressed::Quit)),
            (key(KeyCode::Char('c'), control), Some(Pressed::Quit)),
            (key(KeyCode::Char('c'), none), None),
            (key(KeyCode::Char('x'), control), None),
            (Event::Resize(80, 24), Some(Pressed::Redraw)),
        ] {
            assert_eq!(meaning(&event), meant, "{event:?}");
        }
    }
}
