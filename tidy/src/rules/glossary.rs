//! One word per thing, in the names we declare and in the docs.
//!
//! Only names that a crate declares are ours to choose, so using a foreign `Backend` is fine and
//! so is a method that a foreign trait asks for.

use syn::visit::{self, Visit};
use syn::{Ident, Visibility};

use crate::words::{is_or_is_plural_of, says};
use crate::{Source, Tree, Violation};

/// A word that we do not use, and the one that we do.
struct Word {
    banned: &'static str,
    reach: Reach,
    /// Whether the docs avoid it too.
    docs: bool,
    say: &'static str,
}

/// Which of the declared names a word is banned from.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Reach {
    /// Anywhere in any name.
    Name,
    /// Anywhere in the name of a type or trait.
    TypeName,
    /// As the whole name of a public type or trait.
    PublicType,
}

const GLOSSARY: &[Word] = &[
    Word { banned: "backend", reach: Reach::Name, docs: true, say: "engine" },
    Word { banned: "driver", reach: Reach::Name, docs: true, say: "engine" },
    Word { banned: "middleware", reach: Reach::Name, docs: true, say: "layer" },
    Word { banned: "error", reach: Reach::TypeName, docs: false, say: "fault" },
    Word { banned: "transactional", reach: Reach::TypeName, docs: false, say: "transaction" },
    Word { banned: "command", reach: Reach::PublicType, docs: false, say: "operation" },
    Word { banned: "mutex", reach: Reach::PublicType, docs: false, say: "lock" },
    Word { banned: "semaphore", reach: Reach::PublicType, docs: false, say: "capacity" },
];

/// The command line has commands in its own right.
const HAS_COMMANDS: &str = "crates/exactly-cli/";

/// Every declared name and line of docs in `crates/*/src` that uses a second word for a thing.
pub fn check(tree: &Tree) -> Vec<Violation> {
    tree.crate_sources().flat_map(of_file).collect()
}

fn of_file(source: &Source) -> Vec<Violation> {
    let mut declared = Declared::default();
    // What does not parse is the size rule's to tell.
    if let Ok(syntax) = source.syntax() {
        declared.visit_file(&syntax);
    }
    let free = source.path().starts_with(HAS_COMMANDS);
    let words = GLOSSARY.iter().filter(|word| !(free && word.banned == "command"));
    let mut found: Vec<_> = words.flat_map(|word| in_names(source, word, &declared)).collect();
    found.extend(in_docs(source));
    found.sort();
    found
}

fn in_names(source: &Source, word: &Word, declared: &Declared) -> Vec<Violation> {
    let wrong = declared.names.iter().filter(|name| name.breaks(word));
    let Word { banned, say, .. } = word;
    wrong
        .map(|Name { text, line, .. }| {
            source.violation(*line, format!("`{text}` says {banned}: say {say}"))
        })
        .collect()
}

fn in_docs(source: &Source) -> Vec<Violation> {
    let mut found = Vec::new();
    for doc in source.docs() {
        let text = doc.text.to_lowercase();
        let words: Vec<&str> = text.split(|c: char| !c.is_alphanumeric()).collect();
        for Word { banned, say, .. } in GLOSSARY.iter().filter(|word| word.docs) {
            if words.iter().any(|word| is_or_is_plural_of(word, banned)) {
                found.push(source.violation(doc.line, format!("the docs say {banned}: say {say}")));
            }
        }
    }
    found
}

struct Name {
    text: String,
    line: usize,
    kind: Kind,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    PublicType,
    Type,
    Other,
}

impl Name {
    fn breaks(&self, word: &Word) -> bool {
        match word.reach {
            Reach::Name => says(&self.text, word.banned),
            Reach::TypeName => self.kind != Kind::Other && says(&self.text, word.banned),
            Reach::PublicType => {
                let name = self.text.to_lowercase();
                self.kind == Kind::PublicType && is_or_is_plural_of(&name, word.banned)
            }
        }
    }
}

/// Collects the names that a file declares.
#[derive(Default)]
struct Declared {
    names: Vec<Name>,
}

impl Declared {
    fn name(&mut self, name: &Ident, kind: Kind) {
        self.names.push(Name { text: name.to_string(), line: name.span().start().line, kind });
    }

    fn of_type(&mut self, name: &Ident, visibility: &Visibility) {
        let public = matches!(visibility, Visibility::Public(_));
        self.name(name, if public { Kind::PublicType } else { Kind::Type });
    }
}

impl<'ast> Visit<'ast> for Declared {
    fn visit_item_struct(&mut self, item: &'ast syn::ItemStruct) {
        self.of_type(&item.ident, &item.vis);
        visit::visit_item_struct(self, item);
    }

    fn visit_item_enum(&mut self, item: &'ast syn::ItemEnum) {
        self.of_type(&item.ident, &item.vis);
        visit::visit_item_enum(self, item);
    }

    fn visit_item_trait(&mut self, item: &'ast syn::ItemTrait) {
        self.of_type(&item.ident, &item.vis);
        visit::visit_item_trait(self, item);
    }

    fn visit_item_type(&mut self, item: &'ast syn::ItemType) {
        self.of_type(&item.ident, &item.vis);
    }

    fn visit_item_mod(&mut self, item: &'ast syn::ItemMod) {
        self.name(&item.ident, Kind::Other);
        visit::visit_item_mod(self, item);
    }

    fn visit_item_const(&mut self, item: &'ast syn::ItemConst) {
        self.name(&item.ident, Kind::Other);
    }

    fn visit_item_static(&mut self, item: &'ast syn::ItemStatic) {
        self.name(&item.ident, Kind::Other);
    }

    fn visit_item_impl(&mut self, item: &'ast syn::ItemImpl) {
        if item.trait_.is_none() {
            visit::visit_item_impl(self, item);
        }
    }

    fn visit_signature(&mut self, signature: &'ast syn::Signature) {
        self.name(&signature.ident, Kind::Other);
    }

    fn visit_variant(&mut self, variant: &'ast syn::Variant) {
        self.name(&variant.ident, Kind::Other);
        visit::visit_variant(self, variant);
    }

    fn visit_field(&mut self, field: &'ast syn::Field) {
        if let Some(name) = &field.ident {
            self.name(name, Kind::Other);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report;

    fn told(text: &str) -> String {
        report(&check(&Tree::of(&[("crates/a/src/lib.rs", text)])))
    }

    #[test]
    fn the_words_of_the_house_pass() {
        let text = "\
//! An engine applies batches; a layer wraps it; a fault says whether it happened.
use plotters::SVGBackend;
pub struct Fault;
struct Mutex;
pub enum Op { Driven }
impl Draw for Op { type Error = Fault; fn backend(&self) {} }
fn draw(area: SVGBackend) -> Result<(), std::io::Error> { let driver = area; }
fn on_error(errors: u8) {}
";
        assert_eq!(told(text), "");
    }

    #[test]
    fn a_second_word_is_told_with_the_first() {
        for (text, expected) in [
            ("trait RedisBackend {}", "`RedisBackend` says backend: say engine"),
            ("pub trait Driver {}", "`Driver` says driver: say engine"),
            ("mod backends;", "`backends` says backend: say engine"),
            ("fn open_backend() {}", "`open_backend` says backend: say engine"),
            ("struct A { driver: u8 }", "`driver` says driver: say engine"),
            ("enum A { BackEnd }", "`BackEnd` says backend: say engine"),
            ("impl A { fn driver() {} }", "`driver` says driver: say engine"),
            ("const DRIVER: u8 = 1;", "`DRIVER` says driver: say engine"),
            ("static DRIVER: u8 = 1;", "`DRIVER` says driver: say engine"),
            ("struct RetryMiddleware;", "`RetryMiddleware` says middleware: say layer"),
            ("pub enum ErrorKind {}", "`ErrorKind` says error: say fault"),
            ("type Error = u8;", "`Error` says error: say fault"),
            (
                "struct TransactionalStore;",
                "`TransactionalStore` says transactional: say transaction",
            ),
            ("pub enum Command {}", "`Command` says command: say operation"),
            ("pub struct Mutex;", "`Mutex` says mutex: say lock"),
            ("pub struct Semaphore;", "`Semaphore` says semaphore: say capacity"),
            ("/// Opens the Driver.\nfn f() {}", "the docs say driver: say engine"),
            ("//! Many backends.", "the docs say backend: say engine"),
        ] {
            assert_eq!(told(text), format!("crates/a/src/lib.rs:1: {expected}"), "{text}");
        }
    }

    #[test]
    fn the_command_line_has_commands() {
        let text = "pub enum Command {}\n";
        assert_eq!(report(&check(&Tree::of(&[("crates/exactly-cli/src/main.rs", text)]))), "");
    }

    #[test]
    fn tests_and_benches_may_speak_of_others() {
        assert_eq!(report(&check(&Tree::of(&[("benches/src/lib.rs", "struct Backend;\n")]))), "");
    }
}
