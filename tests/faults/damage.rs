//! The invariants detect every kind of damage, so a check that passes means something.

use fastrand::Rng;
use local::{Options, Stack};
use shared::{
    clock,
    domain::{
        action::ActionKind,
        alert_status::AlertStatus,
        delivery::PackedBody,
        id::{ActionId, AlertId, IncidentId},
        payload::StoredPayload,
        severity::Severity,
        source::Source,
        status::Status,
    },
    keys,
    service::{
        change_status::{ChangeStatus, StatusChange},
        group_alerts::GroupAlerts,
    },
    store,
};
use tests::patient;

use crate::{
    invariants::{self, Answer, Change, History},
    model::Model,
    sources,
    tables::{AlertRow, Tables},
};

/// Undamaged tables with rows of each kind, and the history that led to them.
struct SoundTables {
    tables: Tables,
    history: History,
    /// An open incident with at least two alerts. Its last alert joined and fires.
    incident: IncidentId,
    alert: AlertId,
}

/// Groups the deliveries of a seed without faults. `None` if the tables lack a kind of row.
async fn sound(seed: u64) -> Option<SoundTables> {
    let mut deliveries = sources::deliveries(&mut Rng::with_seed(seed), clock::now());
    // A report that repeats another has no claim, so that nobody misses its claim.
    deliveries.retain(|delivery| !sources::is_report(delivery));
    let stack = Stack::start(Options::default()).await.expect("the stack starts");
    let grouper =
        GroupAlerts::new(&store::Tables::new(stack.environment("GroupAlerts"), stack.aws()), seed).expect("configured");
    for delivery in &deliveries {
        grouper.group(delivery, clock::now(), patient()).await.expect("grouped");
    }
    let before = Tables::read(&stack).await;
    let is_it =
        |id: &&IncidentId| before.incidents[id].alert_count >= 2 && before.incidents[id].firing_alert_count >= 1;
    let found = before.incidents.keys().find(is_it).copied();
    let found = found.filter(|_| before.incidents.len() >= 2 && !before.quarantined.is_empty());
    let Some(incident) = found else {
        stack.stop().await;
        return None;
    };
    let change =
        StatusChange { status: Status::Investigating, comment: Some("on it".to_owned()), actor: "alice".to_owned() };
    let changer = ChangeStatus::new(&store::Tables::new(stack.environment("ChangeStatus"), stack.aws()), None)
        .expect("configured");
    changer.change(incident, &change, &|_| true, clock::now(), patient()).await.expect("changed");
    let tables = Tables::read(&stack).await.with_payloads(&stack).await;
    stack.stop().await;

    let model = Model::of(&deliveries);
    // Of others, one occurrence more may be right.
    let is_exact = |alert: &AlertRow| {
        let claim = keys::problem_claim(&Source::named(&alert.source), &alert.problem_key);
        model.problems.get(&claim).is_some_and(|problem| !problem.may_repeat())
    };
    let fires = |alert: &&AlertRow| {
        alert.incident_id == Some(incident) && alert.status == AlertStatus::Firing && is_exact(alert)
    };
    let alert = tables.alerts.values().rfind(fires)?.alert_id;
    let asked = Change {
        incident_id: incident,
        to: Status::Investigating,
        comment: "on it".to_owned(),
        if_match: None,
        answer: Answer::Done,
    };
    Some(SoundTables {
        tables,
        history: History { deliveries, changes: vec![asked], ..History::default() },
        incident,
        alert,
    })
}

/// A kind of damage, how it is done, and a part of the violation that must be reported.
type Damage = (&'static str, fn(&mut SoundTables), &'static str);

const DAMAGES: [Damage; 27] = [
    ("an alert counted too often", |sound| sound.row().occurrences += 1, "the sum of occurrences"),
    ("an alert's row is gone", |sound| drop(sound.tables.alerts.remove(&sound.alert)), "alert_count"),
    ("a claim differs from its row", |sound| sound.row().last_seen_at = clock::now(), "last_seen_at of"),
    ("an alert in another incident", |sound| sound.row().incident_id = None, "fires in no incident"),
    ("two firing alerts of a problem", SoundTables::fork, "the number of firing alerts"),
    ("an incident's count", |sound| sound.incident().alert_count += 1, "alert_count"),
    ("an incident's firing alerts", |sound| sound.incident().firing_alert_count += 1, "firing_alert_count"),
    ("an incident's severity", SoundTables::other_severity, "severity of incident"),
    ("an incident's services", |sound| sound.incident().services.push("zebra".to_owned()), "services of"),
    ("an incident's numbering", |sound| sound.incident().action_count += 1, "the numbering of the history"),
    ("an action is gone", |sound| drop(sound.actions().remove(1)), "the numbering of the history"),
    ("an action twice", SoundTables::repeat_action, "twice"),
    ("a status that nobody set", |sound| sound.incident().status = Status::Resolved, "the status of"),
    ("a status without its time", |sound| sound.incident().acknowledged_at = None, "the time when"),
    ("a step that is not legal", SoundTables::skip, "when it was"),
    ("a change that is lost", |sound| sound.history.changes[0].to = Status::Closed, "is lost"),
    ("a refused change that is recorded", |sound| sound.history.changes[0].answer = Answer::Refused, "and recorded"),
    ("a delivery that is lost", |sound| drop(sound.tables.claims.deliveries.pop()), "is lost"),
    ("a delivery that nobody sent", |sound| drop(sound.history.deliveries.pop()), "nobody sent it"),
    ("a quarantined delivery twice", SoundTables::quarantine_twice, "quarantine entries"),
    ("a group's claim to nowhere", SoundTables::lose_group, "which is not"),
    ("a problem's claim is gone", |sound| sound.tables.claims.episodes.clear(), "is missing"),
    ("an opening that was not counted", SoundTables::miscount_opening_locks, "the version of ENVIRONMENT#"),
    ("a claim of an unknown kind", |sound| sound.tables.claims.others.push("X".to_owned()), "other claims"),
    ("a payload that is lost", |sound| sound.payloads().for_each(|stored| *stored = None), "the payload of"),
    ("a payload that nobody sent", SoundTables::swap_payloads, "instead of Some"),
    ("a second open incident", SoundTables::open_twice, "are both open"),
];

impl SoundTables {
    fn row(&mut self) -> &mut AlertRow {
        self.tables.alerts.get_mut(&self.alert).expect("it is there")
    }

    fn incident(&mut self) -> &mut shared::domain::incident::Incident {
        self.tables.incidents.get_mut(&self.incident).expect("it is there")
    }

    fn actions(&mut self) -> &mut Vec<shared::domain::action::Action> {
        self.tables.actions.get_mut(&self.incident).expect("it is there")
    }

    fn payloads(&mut self) -> impl Iterator<Item = &mut Option<StoredPayload>> {
        self.tables.payloads.as_mut().expect("they were read").values_mut()
    }

    fn swap_payloads(&mut self) {
        for stored in self.payloads() {
            if let Some(StoredPayload::Kept(kept)) = stored {
                kept.body = PackedBody::pack(b"another");
            }
        }
    }

    fn fork(&mut self) {
        let mut other = self.row().clone();
        other.alert_id = AlertId::first_at(clock::now());
        self.tables.alerts.insert(other.alert_id, other);
    }

    fn other_severity(&mut self) {
        let severity = &mut self.incident().severity;
        *severity = if *severity == Severity::Critical { Severity::Info } else { Severity::Critical };
    }

    fn repeat_action(&mut self) {
        let actions = self.actions();
        let joined =
            actions.iter().find(|action| matches!(action.kind, ActionKind::AlertJoined { .. })).expect("one joined");
        let again = shared::domain::action::Action { id: ActionId::last_at(joined.at), ..joined.clone() };
        actions.push(again);
    }

    fn skip(&mut self) {
        for action in self.actions() {
            if let ActionKind::StatusChanged { to, .. } = &mut action.kind {
                *to = Status::Closed;
            }
        }
    }

    fn quarantine_twice(&mut self) {
        let entry = self.tables.quarantined[0].clone();
        self.tables.quarantined.push(entry);
    }

    fn lose_group(&mut self) {
        let nowhere = IncidentId::first_at(clock::now());
        self.tables.claims.groups.values_mut().for_each(|incidents| *incidents = vec![nowhere]);
    }

    fn miscount_opening_locks(&mut self) {
        self.tables.claims.opening_locks.values_mut().for_each(|opening_locks| opening_locks.version += 1);
    }

    /// As if the last alert of the incident had opened another incident, although it could have
    /// joined.
    fn open_twice(&mut self) {
        let (alert, now) = (self.alert, clock::now());
        let mut other = self.incident().clone();
        other.id = IncidentId::first_at(now);
        let mut opened = self.actions()[0].clone();
        let ActionKind::IncidentOpened { alert_id, .. } = &mut opened.kind else { panic!("not an opening") };
        let first = *alert_id;
        *alert_id = alert;
        self.tables.actions.insert(other.id, vec![opened]);
        self.tables.incidents.insert(other.id, other);
        // Both alerts get the same problem, so that they belong together.
        let (key, source, service) = {
            let first = &self.tables.alerts[&first];
            (first.problem_key.clone(), first.source.clone(), first.service.clone())
        };
        let row = self.row();
        (row.problem_key, row.source, row.service) = (key, source, service);
    }
}

#[tokio::test]
async fn every_kind_of_damage_is_detected() {
    let mut seed = 0;
    let seed = loop {
        if let Some(sound) = sound(seed).await {
            let violations = invariants::check(&sound.tables, &sound.history);
            assert!(violations.0.is_empty(), "sound tables of seed {seed}:\n{violations}");
            break seed;
        }
        seed += 1;
    };
    let untouched = sound(seed).await.expect("as before");
    for (name, damage, reported) in DAMAGES {
        let mut sound = SoundTables {
            tables: untouched.tables.clone(),
            history: History {
                deliveries: untouched.history.deliveries.clone(),
                dead: untouched.history.dead.clone(),
                changes: untouched.history.changes.clone(),
                ..History::default()
            },
            ..untouched
        };
        damage(&mut sound);
        let violations = invariants::check(&sound.tables, &sound.history);
        assert!(
            violations.0.iter().any(|violation| violation.contains(reported)),
            "{name} is reported as:\n{violations}"
        );
    }
}
