//! Random histories: right ones are accepted; those with one answer changed are judged by the brute
//! force as well.

use fastrand::Rng;

use super::brute_force::{Engine, is_linearizable};
use super::simulator::*;
use super::*;

type Workload = (&'static str, fn(&mut Rng) -> Batch);

const WORKLOADS: [Workload; 6] = [
    ("counting", counting),
    ("amounts", amounts),
    ("fractions", fractions),
    ("writing", writing),
    ("booking", booking),
    ("anything", anything),
];

const SMALL: usize = 6;

#[test]
fn histories_of_a_right_engine_are_accepted() {
    for (name, workload) in WORKLOADS {
        for seed in 0..60 {
            let mut rng = Rng::with_seed(seed);
            let clients = rng.usize(1..=6);
            let unknown_per_mille = [0, 10, 100][rng.usize(..3)];
            let simulator = Simulator { clients, calls: 100, unknown_per_mille, workload };
            if let Some(impasse) = violation(&simulator.history(&mut rng)) {
                panic!("{name}, seed {seed}\n{impasse}");
            }
        }
    }
}

#[test]
fn both_checkers_agree_on_small_histories() {
    let mut judged = [0, 0];
    for (name, workload) in WORKLOADS {
        for seed in 0..1500 {
            let mut rng = Rng::with_seed(seed);
            let clients = rng.usize(2..=4);
            let simulator = Simulator { clients, calls: SMALL, unknown_per_mille: 250, workload };
            let mut calls = simulator.history(&mut rng);
            agree(name, seed, &calls);
            for _ in 0..2 {
                if mutate(&mut rng, &mut calls, workload) {
                    judged[usize::from(agree(name, seed, &calls))] += 1;
                }
            }
        }
    }
    let [rejected, accepted] = judged;
    assert!(
        rejected > 2000 && accepted > 2000,
        "{rejected} mutated histories were rejected and {accepted} accepted: too few of one kind"
    );
}

/// Whether both accept.
fn agree(name: &str, seed: u64, calls: &[Call]) -> bool {
    let impasse = violation(calls);
    let expected = is_linearizable(calls);
    let found = impasse.as_ref().map_or("accepted".to_owned(), |impasse| impasse.to_string());
    assert_eq!(impasse.is_none(), expected, "{name}, seed {seed}: {found}\n{calls:#?}");
    expected
}

/// Changes what one call was told, if there is something to change.
fn mutate(rng: &mut Rng, calls: &mut [Call], workload: fn(&mut Rng) -> Batch) -> bool {
    let answered = |call: &Call| matches!(call.ending, Ending::Answered(_));
    let places: Vec<_> = (0..calls.len()).filter(|&place| answered(&calls[place])).collect();
    let Some(place) = rng.choice(places.iter().copied()) else { return false };
    let before = calls.to_vec();
    match rng.u8(..5) {
        // Two answers change places.
        0 | 1 => {
            let Some(other) = rng.choice(places) else { return false };
            let ending = calls[other].ending.clone();
            calls[other].ending = std::mem::replace(&mut calls[place].ending, ending);
        }
        2 => calls[place].ending = Ending::Unknown,
        // What the same batch is told in another life.
        _ => {
            let mut engine = Engine::default();
            for _ in 0..rng.usize(..4) {
                drop(engine.apply(&workload(rng)));
            }
            let mut batch = calls[place].batch.clone();
            batch.delivery = Default::default();
            let Ok(reply) = engine.apply(&batch) else { return false };
            calls[place].ending = Ending::Answered(reply);
        }
    }
    *calls != before[..]
}

#[test]
fn an_answer_that_is_off_by_one_is_found_in_a_long_history() {
    for seed in 0..40 {
        let mut rng = Rng::with_seed(seed);
        let unknown_per_mille = [0, 10][rng.usize(..2)];
        let simulator = Simulator { clients: 8, calls: 400, unknown_per_mille, workload: counting };
        let mut calls = simulator.history(&mut rng);
        assert!(violation(&calls).is_none(), "seed {seed}");
        let told: Vec<_> = (0..calls.len()).filter(|&n| value(&calls[n]).is_some()).collect();
        let place = rng.choice(told).unwrap();
        let value = value(&calls[place]).unwrap();
        // With the counter's last value counted down, nobody else is told the same.
        calls[place].ending = Ending::Answered(Reply::Applied([stepped(value - 1)].into()));
        assert!(violation(&calls).is_some(), "seed {seed}");
    }
}

fn value(call: &Call) -> Option<i64> {
    let Ending::Answered(Reply::Applied(outcomes)) = &call.ending else { return None };
    match &outcomes[..] {
        [Outcome::Counter(CounterOutcome::Add(Added::Stepped { value }))] => Some(*value),
        _ => None,
    }
}
