//! The resources `event_alert` and `error`: one event, whole.

use jiff::Timestamp;
use serde::Serialize;

use super::{Actor, Encoding, Envelope, INSTALLATION, Issue, site, with_z};
use crate::company::{SLUG, Stage};

/// Which of the two.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum EventResource {
    /// An alert rule matched.
    EventAlert,
    /// An event came in.
    Error,
}

impl EventResource {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::EventAlert => "event_alert",
            Self::Error => "error",
        }
    }
}

/// An event of an issue.
#[derive(Debug)]
pub(crate) struct Event<'issue> {
    pub(crate) issue: &'issue Issue,
    pub(crate) stage: Stage,
    pub(crate) at: Timestamp,
    /// 32 hex digits.
    pub(crate) id: &'issue str,
    pub(crate) release: &'issue str,
    pub(crate) server: &'issue str,
}

impl Event<'_> {
    pub(crate) fn body(&self, resource: EventResource, encoding: Encoding) -> Result<String, serde_json::Error> {
        let event = self.data();
        let actor = Actor::SENTRY;
        let installation = INSTALLATION;
        match resource {
            EventResource::EventAlert => {
                let service = self.issue.fault.service;
                let rule = format!("{}: new or returning errors in {}", service.name, self.stage.name());
                let channel = format!("#alerts-{}", service.team.name());
                let data = Alerted {
                    event,
                    triggered_rule: &rule,
                    issue_alert: IssueAlert { title: &rule, settings: [Setting { name: "channel", value: &channel }] },
                };
                encoding.write(&Envelope { action: "triggered", actor, data, installation })
            }
            EventResource::Error => {
                let data = Created { error: event };
                encoding.write(&Envelope { action: "created", actor, data, installation })
            }
        }
    }

    fn data(&self) -> EventData<'_> {
        let Issue { fault, id: issue_id, .. } = self.issue;
        let service = fault.service;
        let event_id = self.id;
        let seconds = seconds(self.at);
        EventData {
            r#ref: service.project % 1_000_000,
            ref_version: 2,
            contexts: Contexts {
                runtime: Context { name: service.platform, kind: "runtime" },
                os: Context { name: "Linux", kind: "os" },
            },
            culprit: fault.culprit,
            datetime: with_z(self.at),
            dist: None,
            environment: self.stage.name(),
            event_id,
            exception: Exception {
                values: [ExceptionValue {
                    kind: fault.kind,
                    value: fault.value,
                    mechanism: Mechanism { kind: "generic", handled: true },
                    stacktrace: Stacktrace {
                        frames: [Frame {
                            abs_path: fault.file,
                            filename: fault.file,
                            function: fault.function,
                            lineno: fault.line,
                            context_line: fault.code,
                            in_app: true,
                            module: None,
                            vars: None,
                        }],
                    },
                }],
            },
            fingerprint: ["{{ default }}"],
            hashes: [format!("{:032x}", u128::from(*issue_id) * 0x9e37_79b9_7f4a_7c15_f39c_c060)],
            issue_url: format!("https://sentry.io/api/0/organizations/{SLUG}/issues/{issue_id}/"),
            issue_id: issue_id.to_string(),
            key_id: "4029117",
            level: fault.level.name(),
            location: fault.file,
            logger: "",
            message: "",
            metadata: Metadata { filename: fault.file, function: fault.function, kind: fault.kind, value: fault.value },
            platform: service.platform,
            project: service.project,
            received: seconds,
            release: self.release,
            sdk: Sdk { name: format!("sentry.{}", service.platform), version: "8.38.0" },
            tags: [
                ("environment", self.stage.name()),
                ("handled", "yes"),
                ("level", fault.level.name()),
                ("release", self.release),
                ("server_name", self.server),
                ("team", service.team.name()),
            ],
            time_spent: None,
            timestamp: seconds,
            title: format!("{}: {}", fault.kind, fault.value),
            kind: "error",
            url: format!("https://sentry.io/api/0/projects/{SLUG}/{}/events/{event_id}/", service.name),
            user: None,
            version: "7",
            web_url: site(&format!("issues/{issue_id}/events/{event_id}/")),
        }
    }
}

#[expect(clippy::cast_precision_loss, reason = "milliseconds of this millennium fit f64's 52 bits")]
fn seconds(at: Timestamp) -> f64 {
    at.as_millisecond() as f64 / 1000.0
}

#[derive(Serialize)]
struct Alerted<'event> {
    event: EventData<'event>,
    triggered_rule: &'event str,
    issue_alert: IssueAlert<'event>,
}

#[derive(Serialize)]
struct IssueAlert<'event> {
    title: &'event str,
    settings: [Setting<'event>; 1],
}

#[derive(Serialize)]
struct Setting<'event> {
    name: &'static str,
    value: &'event str,
}

#[derive(Serialize)]
struct Created<'event> {
    error: EventData<'event>,
}

#[derive(Serialize)]
struct EventData<'event> {
    #[serde(rename = "_ref")]
    r#ref: u64,
    #[serde(rename = "_ref_version")]
    ref_version: u32,
    contexts: Contexts,
    culprit: &'static str,
    datetime: String,
    dist: Option<&'static str>,
    environment: &'static str,
    event_id: &'event str,
    exception: Exception,
    fingerprint: [&'static str; 1],
    hashes: [String; 1],
    issue_url: String,
    issue_id: String,
    key_id: &'static str,
    level: &'static str,
    location: &'static str,
    logger: &'static str,
    message: &'static str,
    metadata: Metadata,
    platform: &'static str,
    project: u64,
    received: f64,
    release: &'event str,
    sdk: Sdk,
    /// Pairs, not an object.
    tags: [(&'static str, &'event str); 6],
    time_spent: Option<u32>,
    timestamp: f64,
    title: String,
    #[serde(rename = "type")]
    kind: &'static str,
    url: String,
    user: Option<&'static str>,
    version: &'static str,
    web_url: String,
}

#[derive(Serialize)]
struct Contexts {
    runtime: Context,
    os: Context,
}

#[derive(Serialize)]
struct Context {
    name: &'static str,
    #[serde(rename = "type")]
    kind: &'static str,
}

#[derive(Serialize)]
struct Exception {
    values: [ExceptionValue; 1],
}

#[derive(Serialize)]
struct ExceptionValue {
    #[serde(rename = "type")]
    kind: &'static str,
    value: &'static str,
    mechanism: Mechanism,
    stacktrace: Stacktrace,
}

#[derive(Serialize)]
struct Mechanism {
    #[serde(rename = "type")]
    kind: &'static str,
    handled: bool,
}

#[derive(Serialize)]
struct Stacktrace {
    frames: [Frame; 1],
}

#[derive(Serialize)]
struct Frame {
    abs_path: &'static str,
    filename: &'static str,
    function: &'static str,
    lineno: u32,
    context_line: &'static str,
    in_app: bool,
    module: Option<&'static str>,
    vars: Option<&'static str>,
}

#[derive(Serialize)]
struct Metadata {
    filename: &'static str,
    function: &'static str,
    #[serde(rename = "type")]
    kind: &'static str,
    value: &'static str,
}

#[derive(Serialize)]
struct Sdk {
    name: String,
    version: &'static str,
}
