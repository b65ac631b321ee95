//! Reads the bodies of `POST /incidents/{id}/merge` and `POST /incidents/{id}/split`.

use std::{collections::BTreeSet, str::FromStr};

use serde_json::{Map, Value};

use super::{Members, invalid, said};
use crate::{
    domain::id::{AlertId, IncidentId},
    http::{
        Request,
        problem::{InvalidParameter, Problem},
    },
    service::{merge_incidents::MAX_MERGED, split_incident::MAX_SPLIT},
};

/// A valid body of a merge.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MergeBody {
    pub others: BTreeSet<IncidentId>,
    pub reason: Option<String>,
}

/// A valid body of a split.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SplitBody {
    pub alerts: BTreeSet<AlertId>,
    pub into: Option<IncidentId>,
    pub reason: Option<String>,
}

/// Reads and validates the body of a merge.
///
/// # Errors
/// A 400 [`Problem`] if the body is not a JSON object, or if a member is wrong, missing or unknown.
pub fn merge(request: &Request) -> Result<MergeBody, Problem> {
    let mut members = Members::of(request, r#"{"incident_ids":["01M86PXZRK3YJWZ2QDH1G5J7XX"]}"#)?;
    let others = members.take(|members| ids(members, "incident_ids", MAX_MERGED));
    let reason = members.take(|members| said(members, "reason"));
    let (others, reason) = members.finish(others.zip(reason))?;
    Ok(MergeBody { others, reason })
}

/// Reads and validates the body of a split.
///
/// # Errors
/// A 400 [`Problem`] if the body is not a JSON object, or if a member is wrong, missing or unknown.
pub fn split(request: &Request) -> Result<SplitBody, Problem> {
    let mut members = Members::of(request, r#"{"alert_ids":["01M8E53TBYAAR98BGS36M22AHN"]}"#)?;
    let alerts = members.take(|members| ids(members, "alert_ids", MAX_SPLIT));
    let into = members.take(|members| match members.remove("into") {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => text.parse().map(Some).map_err(|error| invalid("into", error)),
        Some(_) => Err(invalid("into", "must be a string or null")),
    });
    let reason = members.take(|members| said(members, "reason"));
    let ((alerts, into), reason) = members.finish(alerts.zip(into).zip(reason))?;
    Ok(SplitBody { alerts, into, reason })
}

/// A list of ids, of which each counts once.
fn ids<T: FromStr + Ord>(
    members: &mut Map<String, Value>,
    name: &str,
    most: usize,
) -> Result<BTreeSet<T>, InvalidParameter> {
    let wrong = || invalid(name, format!("must be a list of 1 to {most} ids"));
    let Some(values) = members.remove(name) else { return Err(invalid(name, "is missing")) };
    let values = values.as_array().filter(|values| (1..=most).contains(&values.len())).ok_or_else(wrong)?;
    values.iter().map(|value| value.as_str().and_then(|text| text.parse().ok()).ok_or_else(wrong)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "01ARZ3NDEKTSV4RRFFQ69G5FAV";

    #[test]
    fn a_merge_names_other_incidents() {
        let read = |body: &str| merge(&Request::new(body.into()));
        let body = format!(r#"{{"incident_ids":["{ID}","{ID}"],"reason":" one outage "}}"#);
        let expected =
            MergeBody { others: BTreeSet::from([ID.parse().unwrap()]), reason: Some("one outage".to_owned()) };
        assert_eq!(read(&body).unwrap(), expected);
        let many = format!(r#"{{"incident_ids":[{}]}}"#, vec![format!("\"{ID}\""); MAX_MERGED + 1].join(","));
        for body in ["{}", r#"{"incident_ids":[]}"#, r#"{"incident_ids":["7"]}"#, r#"{"incident_ids":"a"}"#, &many] {
            assert!(read(body).is_err(), "{body}");
        }
    }

    #[test]
    fn a_split_names_alerts_and_perhaps_an_incident() {
        let read = |body: &str| split(&Request::new(body.into()));
        let body = format!(r#"{{"alert_ids":["{ID}"],"into":"{ID}"}}"#);
        let (alerts, into) = (BTreeSet::from([ID.parse().unwrap()]), Some(ID.parse().unwrap()));
        assert_eq!(read(&body).unwrap(), SplitBody { alerts, into, reason: None });
        assert_eq!(read(&format!(r#"{{"alert_ids":["{ID}"],"into":null}}"#)).unwrap().into, None);
        let into = format!(r#"{{"alert_ids":["{ID}"],"into":7}}"#);
        for body in ["", r#"{"alert_ids":null}"#, &into, &into.replace('7', "\"7\"")] {
            assert!(read(body).is_err(), "{body}");
        }
    }
}
