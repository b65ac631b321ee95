//! SNS topics and what their ARN tells.

/// The longest name of a topic, in characters (API reference of SNS, `CreateTopic`). Names of regions are shorter.
const MAX_NAME: usize = 256;

/// A topic of SNS, by its ARN: `arn:aws:sns:eu-west-1:123456789012:alarms`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Topic<'text> {
    pub arn: &'text str,
    partition: &'text str,
    pub region: &'text str,
}

impl<'text> Topic<'text> {
    /// `None` if the text is no ARN of a topic.
    pub fn of(arn: &'text str) -> Option<Self> {
        let parts: Vec<&str> = arn.split(':').collect();
        let ["arn", partition, "sns", region, account, name] = parts[..] else { return None };
        let is_account = account.len() == 12 && account.bytes().all(|byte| byte.is_ascii_digit());
        let is_name = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
        let is_short = name.len() <= MAX_NAME && region.len() <= MAX_NAME;
        let is_topic = is_account && is_region(region) && is_short && !name.is_empty() && name.bytes().all(is_name);
        is_topic.then_some(Self { arn, partition, region })
    }

    /// The host of SNS in the topic's region.
    pub fn host(&self) -> String {
        let domain = if self.partition == "aws-cn" { "amazonaws.com.cn" } else { "amazonaws.com" };
        format!("sns.{}.{domain}", self.region)
    }
}

/// Whether a text can be the name of a region, and nothing that ends a host name.
fn is_region(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_host_follows_from_the_arn() {
        let host = |arn| Topic::of(arn).map(|topic| topic.host());
        assert_eq!(host("arn:aws:sns:eu-west-1:123456789012:alarms").as_deref(), Some("sns.eu-west-1.amazonaws.com"));
        assert_eq!(
            host("arn:aws-cn:sns:cn-north-1:123456789012:a").as_deref(),
            Some("sns.cn-north-1.amazonaws.com.cn")
        );
        for wrong in [
            "arn:aws:sqs:eu-west-1:123456789012:alarms",
            "arn:aws:sns:eu-west-1:123456789012:",
            "arn:aws:sns:evil.example.com/:123456789012:a",
            "arn:aws:sns:eu-west-1:123456789012:a&b",
            "arn:aws:sns:eu-west-1:123456789012:alarms:6590056b",
            "",
        ] {
            assert_eq!(host(wrong), None, "{wrong}");
        }
    }
}
