//! An ordered map whose clones share what they have in common.
//!
//! A batch that is undone gets back what was there before it. Of a large state a copy would cost
//! its size each time; a clone of this map costs nothing, and a change after it the path to what
//! changes. A change without a clone beside it is made in place.

use std::cmp::Ordering;
use std::fmt;
use std::sync::Arc;

/// A map in the order of its keys: an AVL tree.
#[derive(Clone)]
pub(crate) struct Tree<K, V> {
    root: Link<K, V>,
    len: usize,
}

type Link<K, V> = Option<Arc<Node<K, V>>>;

#[derive(Clone)]
struct Node<K, V> {
    key: K,
    value: V,
    left: Link<K, V>,
    right: Link<K, V>,
    height: u8,
}

impl<K: Ord + Clone, V: Clone> Tree<K, V> {
    pub(crate) fn len(&self) -> usize {
        self.len
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.len == 0
    }

    pub(crate) fn get(&self, key: &K) -> Option<&V> {
        let mut link = &self.root;
        while let Some(node) = link {
            link = match key.cmp(&node.key) {
                Ordering::Less => &node.left,
                Ordering::Equal => return Some(&node.value),
                Ordering::Greater => &node.right,
            };
        }
        None
    }

    pub(crate) fn contains(&self, key: &K) -> bool {
        self.get(key).is_some()
    }

    /// Puts the value there, and gives back the one that was.
    pub(crate) fn insert(&mut self, key: K, value: V) -> Option<V> {
        let old = insert(&mut self.root, key, value);
        self.len += usize::from(old.is_none());
        old
    }

    /// Takes the value out.
    pub(crate) fn remove(&mut self, key: &K) -> Option<V> {
        // Looked for first: the way down is copied where a clone shares it.
        if !self.contains(key) {
            return None;
        }
        let old = remove(&mut self.root, key);
        self.len -= usize::from(old.is_some());
        old
    }

    /// The least key, and its value.
    pub(crate) fn first(&self) -> Option<(&K, &V)> {
        let mut link = &self.root;
        let mut first = None;
        while let Some(node) = link {
            first = Some((&node.key, &node.value));
            link = &node.left;
        }
        first
    }

    /// All of it, in order.
    pub(crate) fn iter(&self) -> Iter<'_, K, V> {
        let mut iter = Iter { above: Vec::new() };
        iter.descend(&self.root);
        iter
    }

    /// What comes behind this key, in order.
    pub(crate) fn after(&self, key: &K) -> Iter<'_, K, V> {
        let mut iter = Iter { above: Vec::new() };
        let mut link = &self.root;
        while let Some(node) = link {
            if node.key > *key {
                iter.above.push(node);
                link = &node.left;
            } else {
                link = &node.right;
            }
        }
        iter
    }
}

impl<K, V> Default for Tree<K, V> {
    fn default() -> Self {
        Self { root: None, len: 0 }
    }
}

impl<K: Ord + Clone, V: Clone + PartialEq> PartialEq for Tree<K, V> {
    /// By what is in it, however it came to be.
    fn eq(&self, other: &Self) -> bool {
        self.len == other.len && self.iter().eq(other.iter())
    }
}

impl<K: Ord + Clone + fmt::Debug, V: Clone + fmt::Debug> fmt::Debug for Tree<K, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.iter()).finish()
    }
}

/// Keys and values in order: those still to come, the nearest last.
pub(crate) struct Iter<'a, K, V> {
    above: Vec<&'a Node<K, V>>,
}

impl<'a, K, V> Iter<'a, K, V> {
    fn descend(&mut self, mut link: &'a Link<K, V>) {
        while let Some(node) = link {
            self.above.push(node);
            link = &node.left;
        }
    }
}

impl<'a, K, V> Iterator for Iter<'a, K, V> {
    type Item = (&'a K, &'a V);

    fn next(&mut self) -> Option<Self::Item> {
        let node = self.above.pop()?;
        self.descend(&node.right);
        Some((&node.key, &node.value))
    }
}

fn height<K, V>(link: &Link<K, V>) -> u8 {
    link.as_ref().map_or(0, |node| node.height)
}

impl<K, V> Node<K, V> {
    fn measure(&mut self) {
        self.height = 1 + height(&self.left).max(height(&self.right));
    }
}

fn insert<K: Ord + Clone, V: Clone>(link: &mut Link<K, V>, key: K, value: V) -> Option<V> {
    let Some(shared) = link else {
        *link = Some(Arc::new(Node { key, value, left: None, right: None, height: 1 }));
        return None;
    };
    let node = Arc::make_mut(shared);
    let old = match key.cmp(&node.key) {
        Ordering::Less => insert(&mut node.left, key, value),
        Ordering::Greater => insert(&mut node.right, key, value),
        Ordering::Equal => return Some(std::mem::replace(&mut node.value, value)),
    };
    balance(shared);
    old
}

fn remove<K: Ord + Clone, V: Clone>(link: &mut Link<K, V>, key: &K) -> Option<V> {
    let shared = link.as_mut()?;
    let node = Arc::make_mut(shared);
    let old = match key.cmp(&node.key) {
        Ordering::Less => remove(&mut node.left, key),
        Ordering::Greater => remove(&mut node.right, key),
        Ordering::Equal => match pop_first(&mut node.right) {
            // The next key takes the place of the one that goes.
            Some((key, value)) => {
                node.key = key;
                Some(std::mem::replace(&mut node.value, value))
            }
            None => {
                let left = node.left.take();
                return std::mem::replace(link, left).map(|node| Arc::unwrap_or_clone(node).value);
            }
        },
    };
    balance(shared);
    old
}

fn pop_first<K: Ord + Clone, V: Clone>(link: &mut Link<K, V>) -> Option<(K, V)> {
    let shared = link.as_mut()?;
    let node = Arc::make_mut(shared);
    if let Some(first) = pop_first(&mut node.left) {
        balance(shared);
        return Some(first);
    }
    let right = node.right.take();
    let node = std::mem::replace(link, right)?;
    let Node { key, value, .. } = Arc::unwrap_or_clone(node);
    Some((key, value))
}

/// Brings the heights of both sides together again, after one of them changed by one.
fn balance<K: Ord + Clone, V: Clone>(shared: &mut Arc<Node<K, V>>) {
    let node = Arc::make_mut(shared);
    let (left, right) = (height(&node.left), height(&node.right));
    if left > right + 1 {
        if let Some(side) = &mut node.left
            && height(&side.right) > height(&side.left)
        {
            turn_left(side);
        }
        turn_right(shared);
    } else if right > left + 1 {
        if let Some(side) = &mut node.right
            && height(&side.left) > height(&side.right)
        {
            turn_right(side);
        }
        turn_left(shared);
    } else {
        node.measure();
    }
}

/// The left side comes to the top.
fn turn_right<K: Clone, V: Clone>(shared: &mut Arc<Node<K, V>>) {
    let node = Arc::make_mut(shared);
    let Some(mut side) = node.left.take() else { return };
    let top = Arc::make_mut(&mut side);
    node.left = top.right.take();
    node.measure();
    std::mem::swap(shared, &mut side);
    let top = Arc::make_mut(shared);
    top.right = Some(side);
    top.measure();
}

/// The right side comes to the top.
fn turn_left<K: Clone, V: Clone>(shared: &mut Arc<Node<K, V>>) {
    let node = Arc::make_mut(shared);
    let Some(mut side) = node.right.take() else { return };
    let top = Arc::make_mut(&mut side);
    node.right = top.left.take();
    node.measure();
    std::mem::swap(shared, &mut side);
    let top = Arc::make_mut(shared);
    top.left = Some(side);
    top.measure();
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::ops::Bound;

    use proptest::prelude::*;

    use super::*;

    /// Every path is about as long as any other.
    fn is_balanced<K, V>(link: &Link<K, V>) -> bool {
        link.as_ref().is_none_or(|node| {
            let (left, right) = (height(&node.left), height(&node.right));
            let measured = node.height == 1 + left.max(right);
            measured
                && left.abs_diff(right) <= 1
                && is_balanced(&node.left)
                && is_balanced(&node.right)
        })
    }

    fn changes() -> impl Strategy<Value = Vec<(u8, Option<u16>)>> {
        prop::collection::vec((any::<u8>(), any::<Option<u16>>()), 0..600)
    }

    fn change(tree: &mut Tree<u8, u16>, map: &mut BTreeMap<u8, u16>, key: u8, value: Option<u16>) {
        match value {
            Some(value) => assert_eq!(tree.insert(key, value), map.insert(key, value)),
            None => assert_eq!(tree.remove(&key), map.remove(&key)),
        }
    }

    proptest! {
        #[test]
        fn it_is_a_map(changes in changes(), behind: u8) {
            let (mut tree, mut map) = (Tree::default(), BTreeMap::new());
            for (key, value) in changes {
                change(&mut tree, &mut map, key, value);
                prop_assert!(is_balanced(&tree.root));
                prop_assert_eq!(tree.len(), map.len());
                prop_assert_eq!(tree.is_empty(), map.is_empty());
                prop_assert_eq!(tree.get(&key), map.get(&key));
                prop_assert_eq!(tree.first(), map.first_key_value());
            }
            prop_assert!(tree.iter().eq(map.iter()));
            let after = map.range((Bound::Excluded(behind), Bound::Unbounded));
            prop_assert!(tree.after(&behind).eq(after));
        }

        #[test]
        fn a_clone_stays_as_it_was(before in changes(), after in changes()) {
            let (mut tree, mut map) = (Tree::default(), BTreeMap::new());
            for (key, value) in before {
                change(&mut tree, &mut map, key, value);
            }
            let (clone, was) = (tree.clone(), map.clone());
            for (key, value) in after {
                change(&mut tree, &mut map, key, value);
            }
            prop_assert!(clone.iter().eq(was.iter()));
            prop_assert!(is_balanced(&clone.root) && is_balanced(&tree.root));
            prop_assert_eq!(clone == tree, was == map);
        }
    }

    #[test]
    fn a_change_beside_a_clone_copies_no_more_than_its_path() {
        let mut tree: Tree<u32, u32> = Tree::default();
        for number in 0..100_000 {
            tree.insert(number, number);
        }
        let clone = tree.clone();
        tree.insert(100_000, 0);
        tree.remove(&50_000);
        let copied = copies(&clone.root, &tree.root);
        assert!(copied < 60, "{copied} nodes of 100,000");
    }

    /// How many nodes of one tree are not in the other, in the same place or below a shared one.
    fn copies<K, V>(one: &Link<K, V>, two: &Link<K, V>) -> usize {
        fn nodes<K, V>(link: &Link<K, V>, into: &mut std::collections::HashSet<*const Node<K, V>>) {
            if let Some(node) = link {
                into.insert(Arc::as_ptr(node));
                nodes(&node.left, into);
                nodes(&node.right, into);
            }
        }
        let (mut of_one, mut of_two) = Default::default();
        nodes(one, &mut of_one);
        nodes(two, &mut of_two);
        of_two.difference(&of_one).count()
    }
}
