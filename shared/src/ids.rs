//! Makes new ids. This is not part of the domain, because the domain uses no randomness.

use std::sync::Mutex;

use ulid::Ulid;

use crate::domain::time::Time;

/// Makes ids. The ids of one generator never repeat, and they ascend within a millisecond.
#[derive(Debug)]
pub struct IdGenerator(Mutex<State>);

#[derive(Debug)]
struct State {
    random: fastrand::Rng,
    last: Ulid,
}

impl IdGenerator {
    /// A generator with this seed. Tests and demo data use fixed seeds to get the same ids each
    /// time.
    #[must_use]
    pub fn seeded(seed: u64) -> Self {
        Self(Mutex::new(State { random: fastrand::Rng::with_seed(seed), last: Ulid::nil() }))
    }

    /// Makes an id that carries the time `at`.
    #[must_use]
    pub fn next<Id: From<Ulid>>(&self, at: Time) -> Id {
        let mut state = self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let millis = at.as_millis().unsigned_abs();
        // The top bit stays free, so that counting up within a millisecond cannot overflow.
        let fresh = Ulid::from_parts(millis, state.random.u128(..) >> 49);
        state.last = match state.last.increment() {
            Ok(following) if state.last.timestamp_ms() == millis => following,
            _ => fresh,
        };
        state.last.into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::id::AlertId;

    #[test]
    fn ids_of_a_millisecond_ascend_and_carry_their_time() {
        let generator = IdGenerator::seeded(7);
        let at: Time = "2026-11-23T09:53:08.120Z".parse().unwrap();
        let ids: Vec<AlertId> = (0..1000).map(|_| generator.next(at)).collect();
        assert!(ids.is_sorted_by(|a, b| a < b));
        assert!(ids.iter().all(|id| id.created_at() == at));
        assert!(ids.iter().all(|id| AlertId::first_at(at) <= *id && *id <= AlertId::last_at(at)));
    }
}
