//! Sets: members, each once.
