//! What is left of Markdown.

use proptest::prelude::*;

use super::*;

fn cleaned(markdown: &str) -> String {
    message(markdown).unwrap_or_default()
}

#[test]
fn a_notification_becomes_what_it_says() {
    let markdown = "%%%\nhttps://app.datadoghq.com/logs/analytics?query=%40http&live=false \n\n  @webhook-a @slack-ops \n\n\
        More than **5** log events matched in the last **5m** against the monitored query: \
        **[`@http.status_code:(401 OR 403)`](https://app.datadoghq.com/logs?query=%28401%29&index=%2A)** by **service**\n\n\
        The monitor was last triggered at Wed Dec 11 2024 15:24:08 UTC.\n\n- - -\n\n\
        [[Monitor Status](https://app.datadoghq.com/monitors/13?a=b)] · [[Edit Monitor](https://app.datadoghq.com/monitors/13/edit)]\n%%%";
    assert_eq!(
        cleaned(markdown),
        "More than 5 log events matched in the last 5m against the monitored query: @http.status_code:(401 OR 403) \
         by service\n\nThe monitor was last triggered at Wed Dec 11 2024 15:24:08 UTC."
    );
    assert_eq!(monitor_link(markdown).as_deref(), Some("https://app.datadoghq.com/monitors/13?a=b"));
}

#[test]
fn marks_are_taken_out_and_words_are_kept() {
    for (markdown, text) in [
        ("%%%\nqueue is 10k\n%%%", "queue is 10k"),
        ("### Disk\n> full on `web-1`", "Disk\nfull on web-1"),
        ("See [the runbook](https://wiki.example.com/a_(b)).", "See the runbook (https://wiki.example.com/a_(b))."),
        ("[https://a.example](https://a.example)", "https://a.example"),
        ("![graph](https://p.datadoghq.com/snapshot/1.png)CPU", "CPU"),
        ("```\nTraceback\n```", "Traceback"),
        ("@webhook-a, @jane@example.com: look", "look"),
        ("@webhook-a @jane@example.com look @all", "look"),
        ("@duration:>5 and f(**kwargs) and 2 ** 3 ** 4", "@duration:>5 and f(**kwargs) and 2 ** 3 ** 4"),
        ("Test notification triggered by someone@example.com.\n\n- - -\n", "Test notification triggered by (e-mail)."),
        ("a\n\n\n\nb\r\nc", "a\n\nb\nc"),
        ("items[0](x) and [done]", "items[0](x) and [done]"),
        ("#1 of #2", "#1 of #2"),
        ("a\n[Graph](https://a.example/m) | [Edit](https://a.example/e)", "a"),
        ("a\n[Graph](https://app.datadoghq.com/m)", "a"),
        ("a\n[Runbook](https://a.example/m)", "a\nRunbook (https://a.example/m)"),
        ("[![graph](https://p.example/1.png)](https://p.example)5 left\nMonitor Status · Edit Monitor", "5 left"),
        (
            "*Disk*\nSee <https://app.datadoghq.com/m/1|View> or <https://wiki.example.com|it>",
            "Disk\nSee View or it (https://wiki.example.com)",
        ),
        ("@webhook-a\n%%%\n***\n[[Edit Monitor](https://app.datadog", ""),
    ] {
        assert_eq!(cleaned(markdown), text, "{markdown}");
    }
}

#[test]
fn the_link_of_the_monitor_is_found_where_there_is_one() {
    for (markdown, link) in [
        (
            "[[Edit Monitor](https://app.example.com/monitors#18/edit)] · [[Monitor Status](https://app.example.com/monitors#18?)]",
            Some("https://app.example.com/monitors#18?"),
        ),
        ("see <https://app.datadoghq.eu/monitors/5>.", Some("https://app.datadoghq.eu/monitors/5")),
        ("see https://app.datadoghq.eu/monitors/5/edit", None),
        ("[runbook](https://wiki.example.com)", None),
        ("[Monitor Status](javascript:alert)", None),
    ] {
        assert_eq!(monitor_link(markdown).as_deref(), link, "{markdown}");
    }
}

#[test]
fn a_long_text_is_cut_visibly() {
    let long = cleaned(&"word ".repeat(100_000));
    assert!(long.chars().count() == limits::MESSAGE && long.ends_with("…[truncated]"));
    assert_eq!(cleaned(&"[".repeat(1_000_000)).chars().count(), limits::MESSAGE);
    cleaned(&"[a](https://b".repeat(100_000));
}

proptest! {
    #[test]
    fn cleaning_twice_is_cleaning_once(text in "(\\PC|\\[|\\]\\(https://a\\)|\\*\\*|`|%%%|@a|@b\\.co|[-\n #>!*]){0,12}") {
        if let Some(once) = message(&text) {
            prop_assert_eq!(message(&once), Some(once));
        }
        prop_assert_eq!(line(&line(&text)), line(&text));
    }
}
