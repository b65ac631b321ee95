//! Alarms by EventBridge. IAM proves them: only the rule of the stack may call the function.

use serde_json::Value;

use super::{
    super::{
        Reading, Unreadable, tags,
        time::time,
        value::{key, text, text_of},
    },
    alarm::{Alarm, AlarmState, region_of_arn},
};
use crate::domain::time::Time;

/// Reads an event of EventBridge.
///
/// # Errors
/// [`Unreadable`] if it is not about an alarm.
pub fn read(event: &Value, received_at: Time) -> Result<Reading, Unreadable> {
    let kind = text(event, "detail-type").ok_or_else(|| Unreadable::because("the event has no detail-type"))?;
    let detail = event.get("detail").unwrap_or(&Value::Null);
    // A deleted alarm keeps the time at which its state changed last.
    let is_state_change = kind == "CloudWatch Alarm State Change";
    let state = match kind.as_str() {
        "CloudWatch Alarm State Change" => {
            if detail.get("state").and_then(|state| text(state, "actionsSuppressedBy")).is_some() {
                return Ok(Reading::ignored("the actions of the alarm are suppressed"));
            }
            detail
                .get("state")
                .and_then(|state| text(state, "value"))
                .and_then(|state| state.parse().ok())
                .ok_or_else(|| Unreadable::because("the event has no state of an alarm"))?
        }
        // An alarm that is deleted never says that it is OK.
        "CloudWatch Alarm Configuration Change" if text(detail, "operation").as_deref() == Some("delete") => {
            AlarmState::Ok
        }
        "CloudWatch Alarm Configuration Change" => {
            return Ok(Reading::ignored("the configuration of the alarm was changed"));
        }
        _ => return Err(Unreadable::because("the event is not about a CloudWatch alarm")),
    };
    let name = text(detail, "alarmName").ok_or_else(|| Unreadable::because("the event has no alarmName"))?;
    let arn = event.get("resources").and_then(Value::as_array).and_then(|resources| text_of(resources.first()?));
    let metric = detail.get("configuration").and_then(first_metric).unwrap_or(&Value::Null);
    let told = |member: &str| detail.get("state").and_then(|state| text(state, member));
    let alarm = Alarm {
        event_id: key(event, "id"),
        account: text(event, "account"),
        region: text(event, "region").or_else(|| arn.as_deref().and_then(region_of_arn)),
        description: detail.get("configuration").and_then(|configuration| text(configuration, "description")),
        reason: told("reason"),
        // `time` has whole seconds only.
        changed_at: detail
            .get("state")
            .filter(|_| is_state_change)
            .and_then(|state| time(state, "timestamp"))
            .or_else(|| time(event, "time")),
        namespace: text(metric, "namespace"),
        metric: text(metric, "name"),
        dimensions: metric.get("dimensions").map(tags::read).unwrap_or_default(),
        tags: detail.get("alarmTags").map(tags::read).unwrap_or_default(),
        is_insufficient: false,
        arn,
        name,
        state,
    };
    Ok(alarm.reading(received_at))
}

fn first_metric(configuration: &Value) -> Option<&Value> {
    let metrics = configuration.get("metrics")?.as_array()?;
    metrics.iter().find_map(|metric| metric.get("metricStat")?.get("metric"))
}
