//! The program: parses arguments, runs the command, and exits with its code.

use std::process::ExitCode;

/// Gives the memory of a large document back when it is done with, whichever thread read it; the system's allocator keeps it, once
/// for each thread.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    provwatch::cli::main()
}
