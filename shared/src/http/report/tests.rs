//! Tests of the report as Markdown.

use super::*;
use crate::domain::{
    action::ActionKind,
    id::IncidentId,
    samples::{alert, at},
    severity::Severity,
    status::Status,
};

fn history() -> IncidentHistory {
    let (mut alert, _) = alert(1, Severity::Error, "checkout", 0);
    alert.report.title.value = "Disk | of <b>web</b>\n# is full".to_owned();
    let (opened, kinds) = Incident::open(IncidentId::numbered(at(2), 1), &alert, None);
    let mut actions = opened.last_actions(kinds, "incident-review");
    let (noted, kinds) = opened.note(ActionKind::CommentAdded { comment: "# a\n- b".to_owned() }, at(3));
    actions.extend(noted.last_actions(kinds, "ada_l"));
    let (taken, kinds) = noted.change_status(Status::Investigating, None, at(4)).unwrap().unwrap();
    actions.extend(taken.last_actions(kinds, "ada_l"));
    IncidentHistory { incident: taken, alerts: vec![alert], actions }
}

#[test]
fn a_report_tells_the_whole_story_as_text() {
    let report = render(&history(), at(64));
    for expected in [
        "# Incident: Disk \\| of \\<b\\>web\\</b\\> \\# is full\n",
        "It is INVESTIGATING. 1 alert fires still.",
        "| acknowledged | ",
        " | 2 min after it was opened |",
        "| still open |  | for 1 h 2 min |",
        " · ada\\_l says\n  > \\# a\\\n  > \\- b\n",
        " · ada\\_l changes the status to INVESTIGATING\n",
        "| error | checkout | Disk \\| of ",
        " | fires still | 1 h 4 min | 1 |",
        "### Follow-ups",
    ] {
        assert!(report.contains(expected), "{expected} is not in:\n{report}");
    }
    let headings: Vec<&str> = report.lines().filter(|line| line.starts_with('#')).collect();
    assert_eq!(headings.len(), 11, "{headings:?}");
}

#[test]
fn a_report_fits_into_an_answer_whatever_people_say() {
    let mut history = history();
    let said = history.actions[1].clone();
    for character in ["\u{1}", "*", "🔥", "a\n"] {
        let comment = character.repeat(2_000);
        let action = crate::domain::action::Action { kind: ActionKind::CommentAdded { comment }, ..said.clone() };
        history.actions = vec![action; 2_000];
        history.incident.action_count = 2_010;
        let mut alert = history.alerts[0].clone();
        alert.report.title.value = character.repeat(500);
        history.alerts = vec![alert; 500];
        let report = render(&history, at(64));
        assert!(json_bytes(&report) < fit::MAX_BODY_BYTES, "{character:?}: {} bytes", json_bytes(&report));
        assert!(report.contains(" more.\n") && report.contains("### Follow-ups"), "{character:?}");
    }
}

#[test]
fn durations_have_two_units() {
    for (seconds, expected) in
        [(0, "0 s"), (59, "59 s"), (61, "1 min 1 s"), (3_600, "1 h"), (90_061, "1 d 1 h"), (-5, "0 s")]
    {
        assert_eq!(duration(at(0), at(0).plus_millis(seconds * 1_000)), expected);
    }
}
