//! The fingerprint of labels, by which Prometheus tells alerts apart.

use crate::sources::labels::Labels;

/// Ends each name and each value. It is in no UTF-8 text.
const SEPARATOR: u8 = 0xff;

/// FNV-1a, 64 bit, over the labels by name, as `Fingerprint` of Prometheus' `common/model`.
pub fn fingerprint(labels: &Labels<'_>) -> String {
    const OFFSET: u64 = 0xcbf2_9ce4_8422_2325;
    const PRIME: u64 = 0x0000_0100_0000_01b3;
    let bytes = labels.iter().flat_map(|(name, value)| {
        name.bytes().chain([SEPARATOR]).chain(value.bytes()).chain([SEPARATOR]).collect::<Vec<u8>>()
    });
    format!("{:016x}", bytes.fold(OFFSET, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(PRIME)))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn it_depends_on_each_name_and_value_and_on_nothing_else() {
        let of = |labels| fingerprint(&Labels::of(&json!({"labels": labels}), "labels"));
        assert_eq!(of(json!({})), "cbf29ce484222325", "the offset of FNV-1a");
        assert_eq!(of(json!({"a": "b", "c": "d"})), of(json!({"c": "d", "a": "b"})));
        assert_ne!(of(json!({"a": "bc"})), of(json!({"ab": "c"})));
        assert_ne!(of(json!({"a": "b"})), of(json!({"a": "c"})));
    }
}
