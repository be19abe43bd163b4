//! The program: parse, dispatch, exit code.
#![forbid(unsafe_code)]

use std::process::ExitCode;

use quorate::session::start::WORKER_ARGUMENT;
use quorate::session::worker;
use quorate::world::RealWorld;

/// Everything that is freed is overwritten first.
#[global_allocator]
static ALLOCATOR: zeroizing_alloc::ZeroAlloc<std::alloc::System> =
    zeroizing_alloc::ZeroAlloc(std::alloc::System);

fn main() -> ExitCode {
    let arguments: Vec<_> = std::env::args_os().collect();
    if arguments.len() == 2 && arguments[1] == WORKER_ARGUMENT {
        return worker::main();
    }
    match RealWorld::new() {
        Ok(real) => ExitCode::from(quorate::cli::run(&arguments, real.world())),
        Err(error) => {
            // Without a current folder there is no terminal to speak through, either.
            use std::io::Write as _;
            let _ = writeln!(std::io::stderr(), "quorate: error: {error}");
            ExitCode::FAILURE
        }
    }
}
