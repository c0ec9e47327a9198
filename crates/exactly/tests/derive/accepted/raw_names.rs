//! Raw names, names beyond ASCII, and a struct that a macro or a function makes.

use exactly::{Counter, Objects, Store};

#[derive(Objects)]
#[exactly(name = "types")]
struct r#Type {
    r#type: Counter,
    r#loop: Counter,
    größe: Counter,
}

macro_rules! group {
    ($name:literal, $group:ident { $($field:ident: $ty:ty = $start:expr),* }) => {
        #[derive(Objects)]
        #[exactly(name = $name)]
        struct $group {
            $(#[exactly(start = $start, min = -3)] $field: $ty),*
        }
    };
}

group!("made", Made { first: Counter = -2, second: Counter = 1 + 1 });

#[tokio::test]
async fn is_accepted() -> Result<(), exactly::Fault> {
    #[derive(Objects)]
    #[exactly(name = "inner")]
    struct Inner {
        only: Counter,
    }

    let store = Store::open("memory:").await?;
    let raw = r#Type::at(&store, "a");
    assert_eq!(raw.r#type.key()?.to_string(), "types:a:type");
    assert_eq!(raw.r#loop.key()?.to_string(), "types:a:loop");
    assert_eq!(raw.größe.key()?.to_string(), "types:a:größe");
    assert_eq!(raw.objects()[0].field(), "type");

    let made = Made::at(&store, "b");
    assert_eq!(made.first.get().await?, -2);
    assert_eq!(made.second.get().await?, 2);
    assert_eq!(Inner::at(&store, 1).only.get().await?, 0);
    Ok(())
}
