use std::fmt;

/// One place that breaks a rule, and what to do about it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Violation {
    path: String,
    line: usize,
    message: String,
}

impl Violation {
    /// A violation at a line (counted from 1) of a file of the repository.
    pub fn new(path: impl Into<String>, line: usize, message: impl Into<String>) -> Self {
        Self { path: path.into(), line, message: message.into() }
    }
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.path, self.line, self.message)
    }
}

/// All violations, one per line, in the form editors and terminals make clickable.
pub fn report(violations: &[Violation]) -> String {
    violations.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_has_one_line_per_violation() {
        let violations = [Violation::new("a.rs", 1, "too long"), Violation::new("b.rs", 2, "odd")];
        assert_eq!(report(&violations), "a.rs:1: too long\nb.rs:2: odd");
        assert_eq!(report(&[]), "");
    }
}
