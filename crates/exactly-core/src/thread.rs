//! Which thread this is.

use parking_lot::Mutex;

/// The place of this thread among those that live: the lowest that was free when it first asked,
/// so that the workers of a runtime have places next to each other. Layers and engines that keep
/// something for each worker tell workers apart by it.
pub fn thread_place() -> usize {
    thread_local!(static PLACE: Place = Place::take());
    PLACE.try_with(|place| place.0).unwrap_or(0)
}

struct Place(usize);

static TAKEN: Mutex<Vec<bool>> = Mutex::new(Vec::new());

impl Place {
    fn take() -> Self {
        let mut taken = TAKEN.lock();
        let place = taken.iter().position(|taken| !taken).unwrap_or(taken.len());
        if place == taken.len() {
            taken.push(true);
        }
        taken[place] = true;
        Self(place)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        TAKEN.lock()[self.0] = false;
    }
}
