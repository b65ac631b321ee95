//! The bodies of Datadog's webhooks: what its variables hold, in the templates that customers typed.

use jiff::Timestamp;
use serde::Serialize;
use sha2::{Digest, Sha256};

use crate::{
    company::{self, Stage},
    monitors::{Monitor, Template},
};

/// `$ALERT_TRANSITION`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Transition {
    Triggered,
    Warn,
    NoData,
    ReTriggered,
    Renotify,
    Resolved,
}

impl Transition {
    const fn name(self) -> &'static str {
        match self {
            Self::Triggered => "Triggered",
            Self::Warn => "Warn",
            Self::NoData => "No Data",
            Self::ReTriggered => "Re-Triggered",
            Self::Renotify => "Renotify",
            Self::Resolved => "Recovered",
        }
    }

    /// `$ALERT_TYPE`.
    const fn alert_type(self) -> &'static str {
        match self {
            Self::Triggered | Self::NoData | Self::ReTriggered | Self::Renotify => "error",
            Self::Warn => "warning",
            Self::Resolved => "success",
        }
    }
}

/// One notification of a monitor.
#[derive(Debug)]
pub(crate) struct Notification<'outage> {
    pub(crate) monitor: &'static Monitor,
    /// The group that fires, of a monitor that has groups.
    pub(crate) group: Option<&'static str>,
    pub(crate) stage: Stage,
    pub(crate) transition: Transition,
    pub(crate) at: Timestamp,
    /// When the monitor last triggered.
    pub(crate) triggered_at: Timestamp,
    /// `$ID`, new each time.
    pub(crate) id: u64,
    /// `$ALERT_CYCLE_KEY`, the same from trigger to recovery.
    pub(crate) cycle: &'outage str,
    pub(crate) value: u32,
}

impl Notification<'_> {
    /// The body, in the monitor's template.
    pub(crate) fn body(&self) -> Result<String, serde_json::Error> {
        match self.monitor.template {
            Template::Published => serde_json::to_string(&self.published()),
            Template::Default => serde_json::to_string(&self.default()),
            Template::Inherited => serde_json::to_string(&self.inherited()),
        }
    }

    fn published(&self) -> Published {
        Published {
            id: self.id.to_string(),
            alert_id: self.monitor.id.to_string(),
            alert_cycle_key: self.cycle.to_owned(),
            aggreg_key: self.aggregate(),
            transition: self.transition.name(),
            alert_type: self.transition.alert_type(),
            priority: self.priority(),
            event_type: self.monitor.kind.name(),
            title: self.title(),
            body: self.text(),
            scope: self.scope(),
            tags: self.tags(),
            hostname: self.hostname().unwrap_or_default(),
            query: self.monitor.query.replace("{env}", self.stage.name()),
            metric: self.monitor.metric,
            link: self.link(),
            snapshot: self.snapshot(),
            date: self.millis(),
            last_updated: self.millis(),
            org: ORG,
        }
    }

    fn default(&self) -> Default {
        Default {
            body: self.marked_up(),
            last_updated: self.millis(),
            event_type: self.monitor.kind.name(),
            title: self.title(),
            date: self.millis(),
            org: ORG,
            id: self.id.to_string(),
        }
    }

    fn inherited(&self) -> Inherited {
        Inherited {
            body: self.marked_up(),
            last_updated: self.millis(),
            event_type: self.monitor.kind.name(),
            title: self.title(),
            severity: self.priority(),
            alert_type: self.transition.alert_type(),
            alert_query: self.monitor.query.replace("{env}", self.stage.name()),
            alert_transition: self.transition.name(),
            date: self.millis(),
            scopes: self.scope(),
            org: ORG,
            url: self.link(),
            tags: self.tags(),
            id: self.id.to_string(),
            monitor_id: self.monitor.id.to_string(),
        }
    }

    fn priority(&self) -> String {
        format!("P{}", self.monitor.priority)
    }

    fn title(&self) -> String {
        let name = self.fill(self.monitor.name);
        format!("[{}] [{}] {name}", self.priority(), self.transition.name())
    }

    /// `$TEXT_ONLY_MSG`.
    fn text(&self) -> String {
        let triggered = self.triggered_at.strftime("%a %b %d %Y %H:%M:%S UTC");
        match self.transition {
            Transition::Resolved => format!(
                "{} – recovered.\n\nThe monitor was last triggered at {triggered}.",
                self.fill(self.monitor.name)
            ),
            Transition::NoData => format!(
                "No data for the last 10 minutes: {}.\n\nThe monitor was last triggered at {triggered}.",
                self.fill(self.monitor.name)
            ),
            _ => format!("{}\n\nThe monitor was last triggered at {triggered}.", self.fill(self.monitor.text)),
        }
    }

    /// `$EVENT_MSG`: the text as Markdown, with the links that Datadog adds.
    fn marked_up(&self) -> String {
        let monitor = self.monitor.id;
        let text = self.text();
        format!(
            "%%%\n{text}\n\n- - -\n\n[[Monitor Status](https://app.datadoghq.eu/monitors/{monitor}?event_id={id})] · \
             [[Edit Monitor](https://app.datadoghq.eu/monitors/{monitor}/edit)]\n%%%",
            id = self.id
        )
    }

    fn fill(&self, text: &str) -> String {
        text.replace("{group}", self.group.unwrap_or("all"))
            .replace("{env}", self.stage.name())
            .replace("{value}", &self.value.to_string())
    }

    /// `$ALERT_SCOPE`.
    fn scope(&self) -> String {
        let place = format!("env:{},service:{}", self.stage.name(), self.monitor.service.name);
        match (self.monitor.groups, self.group) {
            (Some((tag, _)), Some(group)) => format!("{tag}:{group},{place}"),
            _ => place,
        }
    }

    fn tags(&self) -> String {
        let team = self.monitor.service.team.name();
        format!("{},monitor,region:eu-central-1,team:{team}", self.scope())
    }

    fn hostname(&self) -> Option<&'static str> {
        let (tag, _) = self.monitor.groups?;
        self.group.filter(|_| tag == "host")
    }

    /// `$AGGREG_KEY`: the same for all events of a monitor's group.
    fn aggregate(&self) -> String {
        let digest = Sha256::digest(format!("{}|{}", self.monitor.id, self.scope()));
        hex::encode(&digest[..16])
    }

    fn link(&self) -> String {
        format!("https://app.datadoghq.eu/event/event?id={}", self.id)
    }

    /// Only monitors of a metric have a graph.
    fn snapshot(&self) -> String {
        if self.monitor.metric.is_empty() {
            return String::new();
        }
        let day = self.at.strftime("%Y-%m-%d");
        format!(
            "https://p.datadoghq.eu/snapshot/view/dd-snapshots-prod/org_{}/{day}/{:x}.png",
            company::DATADOG_ORG,
            self.id
        )
    }

    fn millis(&self) -> String {
        self.at.as_millisecond().to_string()
    }
}

const ORG: Org = Org { id: company::DATADOG_ORG, name: company::NAME };

#[derive(Serialize)]
struct Org {
    id: &'static str,
    name: &'static str,
}

/// The template that this project publishes.
#[derive(Serialize)]
struct Published {
    id: String,
    alert_id: String,
    alert_cycle_key: String,
    aggreg_key: String,
    transition: &'static str,
    alert_type: &'static str,
    priority: String,
    event_type: &'static str,
    title: String,
    body: String,
    scope: String,
    tags: String,
    hostname: &'static str,
    query: String,
    metric: &'static str,
    link: String,
    snapshot: String,
    date: String,
    last_updated: String,
    org: Org,
}

/// Datadog's own.
#[derive(Serialize)]
struct Default {
    body: String,
    last_updated: String,
    event_type: &'static str,
    title: String,
    date: String,
    org: Org,
    id: String,
}

/// One that was typed for another tool.
#[derive(Serialize)]
struct Inherited {
    body: String,
    last_updated: String,
    event_type: &'static str,
    title: String,
    severity: String,
    alert_type: &'static str,
    alert_query: String,
    alert_transition: &'static str,
    date: String,
    scopes: String,
    org: Org,
    url: String,
    tags: String,
    id: String,
    monitor_id: String,
}
