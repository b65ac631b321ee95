//! What groups remember and learn.

use super::*;

fn at(minutes: i64) -> Time {
    Time::EARLIEST.plus_minutes(minutes)
}

fn incident(number: u64) -> IncidentId {
    IncidentId::numbered(Time::EARLIEST, number)
}

fn alert(number: u64) -> AlertId {
    AlertId::numbered(Time::EARLIEST, number)
}

#[test]
fn the_latest_incidents_of_a_key_are_remembered_each_once_with_its_span() {
    let mut group = SourceGroup::default();
    for (number, minutes) in (0..10).zip(0..) {
        group.note(incident(number), alert(number), at(minutes), None);
    }
    group.note(incident(5), alert(20), at(60), None);
    group.note(incident(5), alert(21), at(59), None);
    assert_eq!((group.incidents.len(), group.latest()), (MAX_INCIDENTS, Some(incident(5))));
    assert!(group.incidents.iter().all(|known| known.incident_id != incident(1)));
    let last = group.incidents[MAX_INCIDENTS - 1];
    assert_eq!((last.first_at, last.last_at, last.alert_id), (at(5), at(60), alert(20)));
    let span = GroupedIncident::from(last);
    assert_eq!([at(1), at(30), at(61)].map(|time| span.distance_ms(time)), [240_000, 0, 60_000]);
}

#[test]
fn a_delay_is_believed_after_three_samples_that_agree() {
    let learned = |delays: &[u32]| {
        let mut group = SourceGroup::default();
        for (delay, number) in delays.iter().zip(0..) {
            group.note(incident(number), alert(number), at(0), Some(*delay));
        }
        group.usual_delay_seconds()
    };
    assert_eq!(learned(&[300, 310]), None);
    assert_eq!(learned(&[300, 310, 290]), Some(300));
    assert_eq!(learned(&[300, 20, 310, 650, 290]), Some(300), "others are of other outages");
    assert_eq!(learned(&[300, 310, 290, 1, 50, 120, 180, 500, 650, 850]), None, "too few agree");
    assert_eq!(learned(&[524, 16, 438]), None, "they scatter");
    assert_eq!(learned(&[30, 40, 50]), None, "alerts of one outage are so far apart anyway");
}

#[test]
fn a_delay_is_supposed_as_long_as_it_is_not_believed() {
    let supposed = |delays: &[u32]| {
        let mut group = SourceGroup::default();
        for delay in delays {
            group.delays.note(*delay);
        }
        group.supposed_delay_seconds()
    };
    assert_eq!([supposed(&[]), supposed(&[300]), supposed(&[300, 310])], [None, Some(300), Some(300)]);
    assert_eq!(supposed(&[300, 310, 290]), None, "it is the usual one");
    assert_eq!(supposed(&[524, 16, 438]), Some(438), "two agree");
    assert_eq!([supposed(&[20]), supposed(&[30, 40, 50])], [None, None], "the monitor is prompt");
}

#[test]
fn an_alert_that_fires_again_in_its_incident_teaches_no_delay() {
    let mut group = SourceGroup::default();
    (0..5).for_each(|number| group.note(incident(1), alert(number), at(0), Some(300)));
    assert_eq!(group.delays.count(), 1);
}

#[test]
fn the_usual_team_is_what_was_named_most_of_late() {
    let mut group = ServiceGroup::default();
    assert_eq!(group.usual_team(), None);
    for (number, team) in ["web", "payments", "payments"].into_iter().enumerate() {
        group.note(incident(number as u64), Some(team));
    }
    assert_eq!(group.usual_team(), Some(("payments", 2)));
    group.note(incident(2), Some("web"));
    assert_eq!(group.usual_team(), None, "two against two");
    (3..20).for_each(|number| group.note(incident(number), Some("web")));
    assert_eq!(group.usual_team(), Some(("web", MAX_TEAMS)));
}

#[test]
fn alerts_of_a_service_in_one_incident_change_nothing_unless_they_name_another_team() {
    let mut group = ServiceGroup::default();
    group.note(incident(1), None);
    group.note(incident(1), Some("web"));
    let known = group.clone();
    assert_eq!((known.version, known.usual_team()), (2, Some(("web", 1))));
    group.note(incident(1), Some("web"));
    group.note(incident(1), None);
    assert_eq!(group, known);
    group.note(incident(1), Some("payments"));
    assert_eq!(group.version, 3);
}

#[test]
fn counts_of_neighbours_are_halved_and_bounded() {
    let mut group = ServiceGroup::default();
    for number in 0..MAX_COUNTED_OUTAGES {
        let rare = format!("rare-{number}");
        group.learn(if number % 2 == 0 { vec!["payment", &rare] } else { vec!["payment"] });
    }
    assert_eq!((group.outages, group.together_with("payment")), (32, 32));
    assert_eq!((group.together_with("rare-0"), group.neighbours.len()), (0, 1), "what halves to 0 is forgotten");
    let many: Vec<String> = (0..100).map(|number| format!("service-{number}")).collect();
    group.learn(many.iter().map(String::as_str));
    assert_eq!((group.neighbours.len(), group.together_with("payment")), (MAX_NEIGHBOURS, 32));
}
