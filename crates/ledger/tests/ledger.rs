//! The ledger from end to end, on real files.
#![expect(clippy::unwrap_used, reason = "a test that fails should stop")]

mod access;
mod accounts;
mod callers;
mod cut;
mod database;
mod entering;
#[path = "../src/example.rs"]
mod example;
mod grains;
mod harness;
mod keeping;
mod killed;
mod postgres;
mod quotas;
mod rates;
mod rolling;
mod searching;
mod trouble;
