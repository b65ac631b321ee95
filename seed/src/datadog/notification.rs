//! Fills in the variables of Datadog's templates for one notification of a monitor.

use jiff::Timestamp;
use sha2::{Digest, Sha256};

use super::{template, transition::Transition};
use crate::company::{DATADOG_ORG, Env, Monitor, NAME, Service};

/// One notification of a monitor.
#[derive(Debug)]
pub struct Notification<'run> {
    pub service: &'static Service,
    pub monitor: &'static Monitor,
    /// The value of the monitor's tag that fires, if it has one.
    pub group: Option<&'static str>,
    pub env: Env,
    pub transition: Transition,
    pub at: Timestamp,
    pub triggered_at: Timestamp,
    /// `$ID`. It is new for each notification.
    pub id: u64,
    /// `$ALERT_CYCLE_KEY`. It is the same from the trigger to the resolution.
    pub cycle_key: &'run str,
    pub value: u32,
}

impl Notification<'_> {
    /// The body of the webhook, in the monitor's template.
    pub fn body(&self) -> String {
        template::fill(template::text(self.monitor.template), |name| self.variable(name))
    }

    /// Datadog leaves what it does not know empty.
    fn variable(&self, name: &str) -> String {
        match name {
            "ID" => self.id.to_string(),
            "ALERT_ID" => self.monitor.id.to_string(),
            "ALERT_CYCLE_KEY" => self.cycle_key.to_owned(),
            "AGGREG_KEY" => self.aggregation_key(),
            "ALERT_TRANSITION" => self.transition.name().to_owned(),
            "ALERT_TYPE" => self.transition.alert_type().to_owned(),
            "ALERT_PRIORITY" => self.priority(),
            "EVENT_TYPE" => self.monitor.event_type.name().to_owned(),
            "EVENT_TITLE" => self.title(),
            "EVENT_MSG" => self.markdown(),
            "TEXT_ONLY_MSG" => self.text(),
            "ALERT_SCOPE" => self.scope(),
            "TAGS" => self.tags(),
            "HOSTNAME" => self.group_of("host").unwrap_or_default().to_owned(),
            "ALERT_QUERY" => self.monitor.query.replace("$env", self.env.name()),
            "ALERT_METRIC" => self.monitor.metric.clone(),
            "LINK" => format!("https://app.datadoghq.eu/event/event?id={}", self.id),
            "SNAPSHOT" => self.snapshot(),
            "DATE" | "LAST_UPDATED" => self.at.as_millisecond().to_string(),
            "ORG_ID" => DATADOG_ORG.to_owned(),
            "ORG_NAME" => NAME.to_owned(),
            _ => String::new(),
        }
    }

    fn priority(&self) -> String {
        format!("P{}", self.monitor.priority)
    }

    fn title(&self) -> String {
        let scope = match (&self.monitor.group_by, self.group) {
            (Some(by), Some(group)) if self.monitor.include_tags => format!(" on {{{}:{group}}}", by.tag),
            _ => String::new(),
        };
        let name = self.render(&self.monitor.name);
        format!("[{}] [{}{scope}] {name}", self.priority(), self.transition.name())
    }

    fn text(&self) -> String {
        let news = match self.transition {
            Transition::Resolved => format!("{} – recovered.", self.render(&self.monitor.name)),
            Transition::NoData => {
                format!("No data for the last 10 minutes: {}.", self.render(&self.monitor.name))
            }
            _ => self.render(&self.monitor.message),
        };
        let triggered = self.triggered_at.strftime("%a %b %d %Y %H:%M:%S UTC");
        format!("{news}\n\nThe monitor was last triggered at {triggered}.")
    }

    /// The text as Markdown, with the links that Datadog adds.
    fn markdown(&self) -> String {
        let monitor = format!("https://app.datadoghq.eu/monitors/{}", self.monitor.id);
        format!(
            "%%%\n{text}\n\n- - -\n\n[[Monitor Status]({monitor}?event_id={id})] · [[Edit Monitor]({monitor}/edit)]\n%%%",
            text = self.text(),
            id = self.id
        )
    }

    /// Replaces the variables of a monitor's text.
    fn render(&self, text: &str) -> String {
        let mut rendered = text.replace("{{value}}", &self.value.to_string()).replace("{{env.name}}", self.env.name());
        if let (Some(by), Some(group)) = (&self.monitor.group_by, self.group) {
            rendered = rendered.replace(&format!("{{{{{}.name}}}}", by.tag), group);
        }
        rendered
    }

    fn scope(&self) -> String {
        let place = format!("env:{},service:{}", self.env.name(), self.service.name);
        match (&self.monitor.group_by, self.group) {
            (Some(by), Some(group)) => format!("{}:{group},{place}", by.tag),
            _ => place,
        }
    }

    fn tags(&self) -> String {
        format!("{},monitor,region:eu-central-1,team:{}", self.scope(), self.service.team)
    }

    /// The group, if the monitor is grouped by this tag.
    fn group_of(&self, tag: &str) -> Option<&'static str> {
        self.monitor.group_by.as_ref().filter(|by| by.tag == tag).and(self.group)
    }

    /// The same for all events of a monitor's group.
    fn aggregation_key(&self) -> String {
        let digest = Sha256::digest(format!("{}|{}", self.monitor.id, self.scope()));
        hex::encode(&digest[..16])
    }

    /// Only monitors of a metric have a graph.
    fn snapshot(&self) -> String {
        if self.monitor.metric.is_empty() {
            return String::new();
        }
        let day = self.at.strftime("%Y-%m-%d");
        let id = self.id;
        format!("https://p.datadoghq.eu/snapshot/view/dd-snapshots-prod/org_{DATADOG_ORG}/{day}/{id:x}.png")
    }
}
