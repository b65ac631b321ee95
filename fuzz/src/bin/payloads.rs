//! `infra/fuzz` runs it: libFuzzer over `fuzz::payloads`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| fuzz::payloads::check(bytes));
