//! `mayday-stackwalker serve`: an HTTP service that turns minidumps into the stock stackwalk JSON.
//! `mayday-stackwalker walk`: the child process it starts for each dump (internal).

mod body;
mod child;
mod cli;
mod confine;
mod frames;
mod limits;
mod log;
mod options;
mod outcome;
mod serve;
mod symbols;
mod walk;
mod walk_command;

use std::process::ExitCode;

use cli::Command;

#[global_allocator]
static ALLOCATOR: confine::ExitOnExhaustion = confine::ExitOnExhaustion;

fn main() -> ExitCode {
    let result = match cli::parse(lexopt::Parser::from_env()) {
        Ok(Command::Serve(settings)) => serve::run(settings),
        Ok(Command::Walk(settings)) => walk_command::run(settings),
        Ok(Command::Help) => {
            print!("{}", cli::HELP);
            Ok(())
        }
        Ok(Command::Version) => {
            println!("{}", outcome::STACKWALK_VERSION);
            Ok(())
        }
        Err(error) => Err(format!("{error}. See mayday-stackwalker --help.")),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(sentence) => {
            eprintln!("mayday-stackwalker: {sentence}");
            ExitCode::from(2)
        }
    }
}
