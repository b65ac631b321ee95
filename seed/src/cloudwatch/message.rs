//! One change of an alarm, as SNS sends it. `load` signs it.

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use crate::company::{Alarm, Env, Service, aws_account};

const REGION: &str = "eu-central-1";

/// How `CloudWatch` calls the region in messages of SNS.
const REGION_NAME: &str = "EU (Frankfurt)";

/// The state of an alarm.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AlarmState {
    Alarm,
    Ok,
}

impl AlarmState {
    const fn name(self) -> &'static str {
        match self {
            Self::Alarm => "ALARM",
            Self::Ok => "OK",
        }
    }

    const fn before(self) -> Self {
        match self {
            Self::Alarm => Self::Ok,
            Self::Ok => Self::Alarm,
        }
    }
}

/// An alarm changes its state.
#[derive(Debug)]
pub struct Message {
    pub service: &'static Service,
    pub alarm: &'static Alarm,
    pub env: Env,
    pub state: AlarmState,
    pub at: Timestamp,
    /// The two values that were measured last.
    pub values: [u32; 2],
    /// `MessageId`. Each try to send the message has the same.
    pub id: String,
}

impl Message {
    /// The body of the webhook, without what SNS adds when it signs.
    pub fn body(&self) -> String {
        let topic = format!("arn:aws:sns:{REGION}:{}:alarms", aws_account(self.env));
        let (state, name) = (self.state.name(), self.name());
        json!({
            "Type": "Notification",
            "MessageId": self.id,
            "TopicArn": topic,
            "Subject": format!("{state}: \"{name}\" in {REGION_NAME}"),
            "Message": self.alarm(&topic).to_string(),
            "Timestamp": (self.at + SignedDuration::from_millis(41)).to_string(),
            "SignatureVersion": "2",
        })
        .to_string()
    }

    fn alarm(&self, topic: &str) -> Value {
        let Self { alarm, env, .. } = self;
        let account = aws_account(*env);
        let dimension =
            |(name, value): (&String, &String)| json!({ "value": value.replace("$env", env.name()), "name": name });
        json!({
            "AlarmName": self.name(),
            "AlarmDescription": alarm.description.replace("$env", env.name()),
            "AWSAccountId": account,
            "AlarmConfigurationUpdatedTimestamp": "2026-03-02T10:14:07.310+0000",
            "NewStateValue": self.state.name(),
            "NewStateReason": self.reason(),
            "StateChangeTime": self.at.strftime("%Y-%m-%dT%H:%M:%S.%3f+0000").to_string(),
            "Region": REGION_NAME,
            "AlarmArn": format!("arn:aws:cloudwatch:{REGION}:{account}:alarm:{}", self.name()),
            "OldStateValue": self.state.before().name(),
            "OKActions": [topic],
            "AlarmActions": [topic],
            "InsufficientDataActions": [],
            "AlarmTags": self.tags(),
            "Trigger": {
                "MetricName": alarm.metric,
                "Namespace": alarm.namespace,
                "StatisticType": "Statistic",
                "Statistic": alarm.statistic.name(),
                "Unit": null,
                "Dimensions": alarm.dimensions.iter().map(dimension).collect::<Vec<_>>(),
                "Period": 60,
                "EvaluationPeriods": 3,
                "DatapointsToAlarm": 2,
                "ComparisonOperator": "GreaterThanThreshold",
                "Threshold": f64::from(alarm.threshold),
                "TreatMissingData": "notBreaching",
                "EvaluateLowSampleCountPercentile": "",
            },
        })
    }

    fn name(&self) -> String {
        self.alarm.name.replace("$env", self.env.name())
    }

    fn tags(&self) -> Value {
        let mut tags =
            json!({ "environment": self.env.name(), "service": self.service.name, "team": self.service.team });
        if let Some(severity) = &self.alarm.severity {
            tags["severity"] = json!(severity);
        }
        tags
    }

    fn reason(&self) -> String {
        let minute = |ago| (self.at - SignedDuration::from_mins(ago)).strftime("%d/%m/%y %H:%M:00").to_string();
        let [newest, older] = self.values.map(f64::from);
        let threshold = f64::from(self.alarm.threshold);
        let points = format!("[{newest:.1} ({}), {older:.1} ({})]", minute(1), minute(2));
        match self.state {
            AlarmState::Alarm => format!(
                "Threshold Crossed: 2 out of the last 3 datapoints {points} were greater than the threshold \
                 ({threshold:.1}) (minimum 2 datapoints for OK -> ALARM transition)."
            ),
            AlarmState::Ok => format!(
                "Threshold Crossed: 2 out of the last 3 datapoints {points} were not greater than the threshold \
                 ({threshold:.1}) (minimum 2 datapoints for ALARM -> OK transition)."
            ),
        }
    }
}
