//! Compares two ways to put the same alerts into incidents.

use std::collections::{BTreeMap, BTreeSet};

use shared::domain::id::IncidentId;

/// Alerts of incidents that overlap, grouped in two ways. Alerts are named by their places.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// The incidents before. An alert of none is alone.
    pub before: Vec<Vec<usize>>,
    /// The incidents of the same alerts after.
    pub after: Vec<Vec<usize>>,
}

/// An incident of a grouping, or an alert without one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Group {
    Incident(IncidentId),
    Alone(usize),
}

fn groups(of: &[Option<IncidentId>]) -> (Vec<Group>, BTreeMap<Group, Vec<usize>>) {
    let groups: Vec<Group> =
        of.iter().zip(0..).map(|(id, place)| id.map_or(Group::Alone(place), Group::Incident)).collect();
    let mut members: BTreeMap<Group, Vec<usize>> = BTreeMap::new();
    for (group, place) in groups.iter().zip(0..) {
        members.entry(*group).or_default().push(place);
    }
    (groups, members)
}

/// What differs between two groupings of the same alerts, in the order of the first alerts.
#[must_use]
pub fn differences(before: &[Option<IncidentId>], after: &[Option<IncidentId>]) -> Vec<Difference> {
    let ((before, members_before), (after, members_after)) = (groups(before), groups(after));
    let mut seen: BTreeSet<usize> = BTreeSet::new();
    let mut differences = Vec::new();
    for start in 0..before.len().min(after.len()) {
        if seen.contains(&start) {
            continue;
        }
        let (mut of_before, mut of_after) = (BTreeSet::new(), BTreeSet::new());
        let mut open = vec![start];
        while let Some(place) = open.pop() {
            if !seen.insert(place) {
                continue;
            }
            for (groups, members, of) in
                [(&before, &members_before, &mut of_before), (&after, &members_after, &mut of_after)]
            {
                let Some(group) = groups.get(place) else { continue };
                if of.insert(*group) {
                    open.extend(members.get(group).into_iter().flatten());
                }
            }
        }
        let lost = |groups: &BTreeSet<Group>| groups.iter().all(|group| matches!(group, Group::Alone(_)));
        if of_before.len() > 1 || of_after.len() > 1 || lost(&of_before) != lost(&of_after) {
            let list = |of: BTreeSet<Group>, members: &BTreeMap<Group, Vec<usize>>| {
                let mut lists: Vec<Vec<usize>> = of.iter().filter_map(|group| members.get(group).cloned()).collect();
                lists.sort();
                lists
            };
            differences
                .push(Difference { before: list(of_before, &members_before), after: list(of_after, &members_after) });
        }
    }
    differences
}
