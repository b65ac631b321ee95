//! The issues that Sentry knows.

use std::collections::BTreeMap;

use jiff::Timestamp;

use crate::{
    company::{Env, IssueDefinition, Service},
    random::Random,
    sentry::Issue,
};

#[derive(Debug, Default)]
pub struct IssueTracker {
    issues: BTreeMap<(&'static str, Env), Tracked>,
}

#[derive(Debug)]
struct Tracked {
    issue: Issue,
    is_resolved: bool,
}

/// An issue after another event.
#[derive(Debug)]
pub struct Occurrence {
    pub issue: Issue,
    /// The issue was resolved before.
    pub came_back: bool,
}

impl IssueTracker {
    /// Counts an event. If the issue is still unresolved from an earlier outage, it has been merged
    /// into another one since, and this event makes a new issue.
    pub fn occur(
        &mut self,
        service: &'static Service,
        definition: &'static IssueDefinition,
        env: Env,
        at: Timestamp,
        random: &mut Random,
    ) -> Occurrence {
        let number = self.issues.len();
        let key = (definition.culprit.as_str(), env);
        let resolved = self.issues.remove(&key).filter(|known| known.is_resolved);
        let came_back = resolved.is_some();
        let mut issue = resolved.map_or_else(
            || Issue {
                service,
                definition,
                id: 5_900_000_000 + random.rng.u64(..99_999_999),
                short_id: format!("{}-{:X}", service.name.to_uppercase(), number + 17 + random.rng.usize(..900)),
                first_seen: at,
                last_seen: at,
                event_count: 0,
                user_count: 0,
            },
            |known| known.issue,
        );
        issue.last_seen = at;
        issue.event_count += random.rng.u32(1..60);
        issue.user_count += random.rng.u32(0..40);
        self.issues.insert(key, Tracked { issue: issue.clone(), is_resolved: false });
        Occurrence { issue, came_back }
    }

    pub fn resolve(&mut self, definition: &'static IssueDefinition, env: Env) {
        if let Some(tracked) = self.issues.get_mut(&(definition.culprit.as_str(), env)) {
            tracked.is_resolved = true;
        }
    }
}
