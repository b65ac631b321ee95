//! The condition of an alarm, as `infra/alarms.yaml` declares it.

use serde_norway::Value as Yaml;

use crate::repository::read;

/// An alarm.
#[derive(Debug)]
pub struct Alarm {
    pub name: String,
    pub series: Vec<Series>,
    /// Without one, there is one series.
    pub expression: Option<String>,
    pub period_minutes: usize,
    pub evaluation_periods: usize,
    pub needed_datapoints: usize,
    /// The alarm rings above it.
    pub threshold: f64,
    pub missing: Missing,
}

/// A metric and how its values of a period become one.
#[derive(Debug)]
pub struct Series {
    pub id: String,
    /// Such as `AWS/Lambda Errors FunctionName=ReceiveWebhook`.
    pub metric: String,
    pub statistic: String,
}

/// What becomes of data points that are missing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Missing {
    NotBreaching,
    /// The alarm stays as it is.
    Ignore,
}

/// A YAML file of the repository.
pub fn yaml(path: &str) -> Yaml {
    serde_norway::from_str(&read(path).text).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// The alarms in the order of the file.
pub fn alarms() -> Vec<Alarm> {
    let file = yaml("infra/alarms.yaml");
    let resources = file["Resources"].as_mapping().expect("resources").iter();
    let alarms = resources.filter(|(_, resource)| resource["Type"] == "AWS::CloudWatch::Alarm");
    alarms.map(|(name, resource)| alarm(name.as_str().expect("a name"), &resource["Properties"])).collect()
}

fn alarm(name: &str, properties: &Yaml) -> Alarm {
    let number =
        |name: &str| properties.get(name).and_then(Yaml::as_u64).map(|number| usize::try_from(number).expect("small"));
    assert_eq!(text(&properties["ComparisonOperator"]), "GreaterThanThreshold", "{name}");
    let (series, expression, period_seconds) = match properties.get("Metrics").and_then(Yaml::as_sequence) {
        None => {
            let statistic = properties.get("Statistic").or_else(|| properties.get("ExtendedStatistic"));
            let statistic = text(statistic.unwrap_or_else(|| panic!("{name} has no statistic")));
            let series = Series { id: "only".to_owned(), metric: metric(properties), statistic };
            (vec![series], None, number("Period").expect("a period"))
        }
        Some(metrics) => of_math(name, metrics),
    };
    let evaluation_periods = number("EvaluationPeriods").expect("periods");
    Alarm {
        name: name.to_owned(),
        series,
        expression,
        period_minutes: period_seconds / 60,
        evaluation_periods,
        needed_datapoints: number("DatapointsToAlarm").unwrap_or(evaluation_periods),
        threshold: properties["Threshold"].as_f64().expect("a threshold"),
        missing: match properties["TreatMissingData"].as_str() {
            Some("notBreaching") => Missing::NotBreaching,
            Some("ignore") => Missing::Ignore,
            other => panic!("{name}: {other:?}"),
        },
    }
}

/// The series, the expression and the period of metric math.
fn of_math(name: &str, metrics: &[Yaml]) -> (Vec<Series>, Option<String>, usize) {
    assert!(metrics.len() <= 11, "{name}: CloudWatch allows ten metrics in an alarm");
    let mut series = Vec::new();
    let mut expression = None;
    let mut period = None;
    for metric_or_expression in metrics {
        let Some(stat) = metric_or_expression.get("MetricStat") else {
            expression = Some(text(&metric_or_expression["Expression"]));
            continue;
        };
        assert_eq!(metric_or_expression["ReturnData"], false, "{name}: only the expression is compared");
        let seconds = usize::try_from(stat["Period"].as_u64().expect("a period")).expect("small");
        assert!(period.is_none_or(|period| period == seconds), "{name}: one period");
        period = Some(seconds);
        series.push(Series {
            id: text(&metric_or_expression["Id"]),
            metric: metric(&stat["Metric"]),
            statistic: text(&stat["Stat"]),
        });
    }
    (series, expression, period.expect("a metric"))
}

/// `Namespace Name Dimension=Value …`, with the dimensions in the order of their names.
fn metric(of: &Yaml) -> String {
    let dimensions = of["Dimensions"].as_sequence().expect("dimensions").iter();
    let mut dimensions: Vec<String> =
        dimensions.map(|dimension| format!("{}={}", text(&dimension["Name"]), text(&dimension["Value"]))).collect();
    dimensions.sort_unstable();
    format!("{} {} {}", text(&of["Namespace"]), text(&of["MetricName"]), dimensions.join(" "))
}

/// A text, or the name in `!Ref Name`.
pub fn text(value: &Yaml) -> String {
    let value = match value {
        Yaml::Tagged(tagged) => &tagged.value,
        other => other,
    };
    value.as_str().unwrap_or_else(|| panic!("not a text: {value:?}")).to_owned()
}

impl Alarm {
    /// The condition in words.
    pub fn condition(&self) -> String {
        let period = match self.period_minutes {
            1 => "a minute".to_owned(),
            60 => "an hour".to_owned(),
            minutes => format!("{minutes} minutes"),
        };
        let what = match &self.expression {
            None => {
                let series = &self.series[0];
                let parts: Vec<&str> = series.metric.split(' ').collect();
                let of = parts[2].split_once('=').map_or("", |(_, value)| value);
                let of = if of == "Stack" { String::new() } else { format!(" of `{of}`") };
                format!("{} of `{}`{of} in {period}", series.statistic.to_lowercase(), parts[1])
            }
            Some(expression) if expression == "SUM(METRICS())" => {
                let table = self.series[0].metric.split("TableName=").nth(1).expect("a table");
                let of = if self.name.contains("Other") {
                    "the other tables and their indexes".to_owned()
                } else {
                    format!("`{table}` and its indexes")
                };
                format!("throttled reads and writes of {of} in {period}")
            }
            Some(expression) => format!("`{expression}` in {period}"),
        };
        let times = match (self.needed_datapoints, self.evaluation_periods) {
            (1, 1) => String::new(),
            (needed, of) if needed == of => format!(", {needed} times in a row"),
            (needed, of) => format!(", in {needed} of {of}"),
        };
        format!("{what} > {}{times}", self.threshold)
    }
}
