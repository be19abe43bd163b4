//! `quorate drill open --here`: the answers to a drill one after the other at one keyboard.

use crate::ceremony::drill::VerifiedDrill;
use crate::cli::desk::inbox::Arrived;
use crate::cli::desk::table::Table;
use crate::cli::gather::here::AtOneKeyboard;
use crate::cli::own_share::{Answer, OwnShare};
use crate::cli::report::Failure;

impl AtOneKeyboard for Table<'_, VerifiedDrill> {
    fn invitation(&self) -> String {
        format!(
            "drill {}: each who takes part answers here, with the practice share alone.\n\
             For a real request this machine could copy each share that is opened on it.",
            self.found.id
        )
    }

    fn question(&self) -> &'static str {
        "do you take part?"
    }

    fn thanks(&self) -> &'static str {
        "answered; the practice share was true, and the sealed one is closed again"
    }

    fn regrets(&self) -> &'static str {
        "has not answered"
    }

    fn answer_of(&self, own: &OwnShare<'_>) -> Result<Answer, Failure> {
        own.practise(&self.found.verified, "here", self.context.world.clock.now())
    }

    fn carry_out_now(&self, arrived: &[Arrived]) -> Result<(), Failure> {
        let opened = self.context.open()?;
        opened.not_ended(self.found)?;
        let worker = self.context.worker(&self.found.id)?;
        self.drill(&opened, worker, arrived)
    }
}
