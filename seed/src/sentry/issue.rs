//! What Sentry sends when an issue is created, assigned, archived, resolved or comes back.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::{
    actor::Actor,
    envelope::envelope,
    format::{api, site, title, with_offset},
};
use crate::company::{IssueDefinition, Level, SLUG, Service};

/// What happened to an issue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IssueAction {
    Created,
    /// It was resolved and came back.
    Unresolved,
    Resolved,
    /// Silenced, in Sentry's newer words.
    Archived,
    /// Silenced, in Sentry's older words.
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

    const fn status(self) -> &'static str {
        match self {
            Self::Created | Self::Unresolved | Self::Assigned => "unresolved",
            Self::Resolved => "resolved",
            Self::Archived | Self::Ignored => "ignored",
        }
    }

    const fn substatus(self) -> Option<&'static str> {
        match self {
            Self::Created => Some("new"),
            Self::Unresolved => Some("regressed"),
            Self::Resolved => None,
            Self::Archived | Self::Ignored => Some("archived_until_escalating"),
            Self::Assigned => Some("ongoing"),
        }
    }
}

/// An issue: events that are alike.
#[derive(Debug, Clone)]
pub struct Issue {
    pub service: &'static Service,
    pub definition: &'static IssueDefinition,
    pub id: u64,
    pub short_id: String,
    pub first_seen: Timestamp,
    pub last_seen: Timestamp,
    pub event_count: u32,
    pub user_count: u32,
}

impl Issue {
    /// The body of the resource `issue`.
    pub fn body(&self, action: IssueAction, actor: Actor<'_>) -> Value {
        let mut data = json!({ "issue": self.data(action, actor) });
        if action == IssueAction::Resolved {
            data["resolution_type"] = json!("now");
        }
        envelope(action.name(), actor, &data)
    }

    fn data(&self, action: IssueAction, actor: Actor<'_>) -> Value {
        let Self { service, definition, id, .. } = self;
        let address = site(&format!("issues/{id}/"));
        let is_warning = definition.level == Level::Warning;
        let assigned_to = (action == IssueAction::Assigned).then(|| json!({ "type": "user", "name": actor.name }));
        let mut issue = json!({
            "url": api(&format!("organizations/{SLUG}/issues/{id}/")),
            "project_url": site(&format!("issues/?project={}", service.sentry_project)),
            "id": id.to_string(),
            "shareId": null,
            "shortId": self.short_id,
            "title": title(definition),
            "culprit": definition.culprit,
            "permalink": (action != IssueAction::Resolved).then_some(&address),
            "logger": null,
            "level": definition.level,
            "status": action.status(),
            "statusDetails": {},
            "substatus": action.substatus(),
            "isPublic": false,
            "platform": service.platform,
            "project": {
                "id": service.sentry_project.to_string(),
                "name": service.name,
                "slug": service.name,
                "platform": service.platform,
            },
            "type": "error",
            "metadata": {
                "value": definition.value,
                "type": definition.exception,
                "filename": definition.filename,
                "function": definition.function,
                "in_app_frame_mix": "mixed",
                "initial_priority": if is_warning { 50 } else { 75 },
            },
            "numComments": 0,
            "hasSeen": assigned_to.is_some(),
            "assignedTo": assigned_to,
            "isBookmarked": false,
            "isSubscribed": false,
            "subscriptionDetails": null,
            "annotations": [],
            "issueType": "error",
            "issueCategory": "error",
            "priority": if is_warning { "medium" } else { "high" },
            "priorityLockedAt": null,
            "isUnhandled": definition.level == Level::Fatal,
            // Sentry writes this count as text, and the count of users as a number.
            "count": self.event_count.to_string(),
            "userCount": self.user_count,
            "firstSeen": with_offset(self.first_seen),
            "lastSeen": with_offset(self.last_seen),
        });
        if action == IssueAction::Created {
            issue["web_url"] = json!(address);
        }
        issue
    }
}
