//! `infra/fuzz` runs it: libFuzzer over `fuzz::proofs`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| fuzz::proofs::check(bytes));
