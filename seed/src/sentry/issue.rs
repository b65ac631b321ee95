//! The resource `issue`.

use jiff::Timestamp;
use serde::Serialize;

use super::{Actor, Encoding, Envelope, INSTALLATION, site, with_offset};
use crate::faults::{Fault, Level};

/// What happened to an issue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum IssueAction {
    Created,
    /// It was resolved and is back.
    Unresolved,
    Resolved,
    /// Silenced, in Sentry's newer words.
    Archived,
    /// The same in its older ones.
    Ignored,
    Assigned,
}

impl IssueAction {
    const fn name(self) -> &'static str {
        match self {
            Self::Created => "created",
            Self::Unresolved => "unresolved",
            Self::Resolved => "resolved",
            Self::Archived => "archived",
            Self::Ignored => "ignored",
            Self::Assigned => "assigned",
        }
    }

    /// The issue's status and substatus afterwards.
    const fn status(self) -> (&'static str, Option<&'static str>) {
        match self {
            Self::Created => ("unresolved", Some("new")),
            Self::Unresolved => ("unresolved", Some("regressed")),
            Self::Resolved => ("resolved", None),
            Self::Archived | Self::Ignored => ("ignored", Some("archived_until_escalating")),
            Self::Assigned => ("unresolved", Some("ongoing")),
        }
    }
}

/// An issue: events that are alike.
#[derive(Debug, Clone)]
pub(crate) struct Issue {
    pub(crate) fault: &'static Fault,
    pub(crate) id: u64,
    pub(crate) short_id: String,
    pub(crate) first_seen: Timestamp,
    pub(crate) last_seen: Timestamp,
    /// How many events it has.
    pub(crate) count: u32,
    pub(crate) users: u32,
}

impl Issue {
    pub(crate) fn body(
        &self,
        action: IssueAction,
        actor: Actor<'_>,
        encoding: Encoding,
    ) -> Result<String, serde_json::Error> {
        let fault = self.fault;
        let service = fault.service;
        let assignee = (action == IssueAction::Assigned).then_some(actor.name);
        let (status, substatus) = action.status();
        let address = site(&format!("issues/{}/", self.id));
        let issue = IssueData {
            url: format!("https://sentry.io/api/0/organizations/{}/issues/{}/", crate::company::SLUG, self.id),
            web_url: (action == IssueAction::Created).then(|| address.clone()),
            project_url: site(&format!("issues/?project={}", service.project)),
            id: self.id.to_string(),
            share_id: None,
            short_id: &self.short_id,
            title: format!("{}: {}", fault.kind, fault.value),
            culprit: fault.culprit,
            permalink: (action != IssueAction::Resolved).then_some(address),
            logger: None,
            level: fault.level.name(),
            status,
            status_details: Empty {},
            substatus,
            is_public: false,
            platform: service.platform,
            project: Project {
                id: service.project.to_string(),
                name: service.name,
                slug: service.name,
                platform: service.platform,
            },
            kind: "error",
            metadata: Metadata {
                value: fault.value,
                kind: fault.kind,
                filename: fault.file,
                function: fault.function,
                in_app_frame_mix: "mixed",
                initial_priority: if fault.level == Level::Warning { 50 } else { 75 },
            },
            num_comments: 0,
            assigned_to: assignee.map(|name| Assignee { kind: "user", name }),
            is_bookmarked: false,
            is_subscribed: false,
            subscription_details: None,
            has_seen: assignee.is_some(),
            annotations: [],
            issue_type: "error",
            issue_category: "error",
            priority: if fault.level == Level::Warning { "medium" } else { "high" },
            priority_locked_at: None,
            is_unhandled: fault.level == Level::Fatal,
            count: self.count.to_string(),
            user_count: self.users,
            first_seen: with_offset(self.first_seen),
            last_seen: with_offset(self.last_seen),
        };
        let data = Data { resolution_type: (action == IssueAction::Resolved).then_some("now"), issue };
        encoding.write(&Envelope { action: action.name(), actor, data, installation: INSTALLATION })
    }
}

#[derive(Serialize)]
struct Data<'issue> {
    #[serde(skip_serializing_if = "Option::is_none")]
    resolution_type: Option<&'static str>,
    issue: IssueData<'issue>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
#[expect(clippy::struct_excessive_bools, reason = "the source's shape")]
struct IssueData<'issue> {
    url: String,
    /// Only in `created`.
    #[serde(rename = "web_url", skip_serializing_if = "Option::is_none")]
    web_url: Option<String>,
    #[serde(rename = "project_url")]
    project_url: String,
    id: String,
    share_id: Option<&'static str>,
    short_id: &'issue str,
    title: String,
    culprit: &'static str,
    permalink: Option<String>,
    logger: Option<&'static str>,
    level: &'static str,
    status: &'static str,
    status_details: Empty,
    substatus: Option<&'static str>,
    is_public: bool,
    platform: &'static str,
    project: Project,
    #[serde(rename = "type")]
    kind: &'static str,
    metadata: Metadata,
    num_comments: u32,
    assigned_to: Option<Assignee<'issue>>,
    is_bookmarked: bool,
    is_subscribed: bool,
    subscription_details: Option<Empty>,
    has_seen: bool,
    annotations: [Empty; 0],
    issue_type: &'static str,
    issue_category: &'static str,
    priority: &'static str,
    priority_locked_at: Option<&'static str>,
    is_unhandled: bool,
    /// A string, unlike the users.
    count: String,
    user_count: u32,
    first_seen: String,
    last_seen: String,
}

/// An object without fields.
#[derive(Serialize)]
struct Empty {}

#[derive(Serialize)]
struct Project {
    id: String,
    name: &'static str,
    slug: &'static str,
    platform: &'static str,
}

#[derive(Serialize)]
struct Metadata {
    value: &'static str,
    #[serde(rename = "type")]
    kind: &'static str,
    filename: &'static str,
    function: &'static str,
    in_app_frame_mix: &'static str,
    initial_priority: u32,
}

#[derive(Serialize)]
struct Assignee<'name> {
    #[serde(rename = "type")]
    kind: &'static str,
    name: &'name str,
}
