//! The `switchboard` command: reads the arguments, runs one command, ends with its exit code.

mod arguments;
mod command;
mod drive;
mod exit;
mod output;
mod run;
mod terminal;

use std::process::ExitCode;

#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

fn main() -> ExitCode {
    // Two TLS providers in one process panic at first use; this is the one, before anything else.
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let exit = match arguments::read() {
        Ok(arguments) => command::run(arguments),
        Err(exit) => exit,
    };
    ExitCode::from(exit.code())
}
