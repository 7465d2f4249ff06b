//! A story that a seed writes.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use plenum_switch::{Cause, Command, Selector};
use plenum_time::Instant;

use crate::dice::Dice;
use crate::handle::PhoneHandle;
use crate::phone::{Hold, Line};
use crate::world::World;
use crate::{Link, millis, secs};

mod report;

pub use report::{Failure, Summary};

/// Steps of a run that names no other number.
pub const STEPS: u32 = 80;

/// Phones of a run.
const PHONES: std::ops::Range<usize> = 3..8;

/// How often the world is left alone until it is calm, and then looked at.
const CALM_EVERY: u32 = 20;

/// The time after which a world without faults must be calm: a lost BYE and a keep-alive.
const CALM_LIMIT: Duration = secs(70);

/// The time after which nothing may be left of calls that are over.
const END_LIMIT: Duration = secs(200);

/// Numbers that phones dial.
const NUMBERS: [&str; 14] = [
    "4711", "4711", "4711", "7001", "7001", "7002", "7101", "7102", "8042", "9100", "9196", "9198",
    "9486", "123",
];

/// Rooms that the operator looks after.
const ROOMS: [&str; 5] = ["4711", "7001", "7002", "71", "8042"];

/// Lets a seed write a story of so many steps, with all faults and all invariants.
///
/// # Errors
///
/// [`Failure`] with the first invariant that broke, a panic of any machine included.
pub fn random_run(seed: u64, steps: u32, traced: bool) -> Result<Summary, Box<Failure>> {
    let mut run = Run::begin(seed, traced);
    let outcome = catch_unwind(AssertUnwindSafe(|| run.run(steps)));
    let outcome = outcome.unwrap_or_else(|panic| Err(panic_text(&*panic)));
    match outcome {
        Ok(()) => Ok(run.summary(steps)),
        Err(sentence) => Err(Box::new(Failure {
            seed,
            step: run.step,
            steps,
            at: run.world.now(),
            sentence,
            lines: run.world.last_lines(),
        })),
    }
}

struct Run {
    seed: u64,
    world: World,
    dice: Dice,
    phones: Vec<Actor>,
    step: u32,
}

/// A phone and what befalls it.
struct Actor {
    phone: PhoneHandle,
    behind_nat: bool,
    /// When its link is good again.
    heals_at: Option<Instant>,
}

impl Run {
    fn begin(seed: u64, traced: bool) -> Self {
        let mut dice = Dice::new(seed ^ 0x5EED);
        let shards = if dice.chance(400) { 2 } else { 1 };
        let pairs = if dice.chance(300) { 3 } else { 200 };
        let mut world = World::new(seed)
            .with_shards(shards)
            .with_port_pairs(pairs)
            .traced(traced)
            .build();
        let count = PHONES.start + dice.below(PHONES.len());
        let phones = (0..count)
            .map(|number| actor(&mut world, &mut dice, number))
            .collect();
        Self {
            seed,
            world,
            dice,
            phones,
            step: 0,
        }
    }

    fn run(&mut self, steps: u32) -> Result<(), String> {
        for step in 1..=steps {
            self.step = step;
            self.act();
            let pause = self.dice.within(&(millis(50)..millis(1_500)));
            self.goes_on(pause)?;
            self.heal();
            if step % CALM_EVERY == 0 {
                self.calm_down()?;
            }
        }
        self.end()
    }

    fn summary(&self, steps: u32) -> Summary {
        let state = self.world.state.borrow();
        Summary {
            seed: self.seed,
            steps,
            time: state.now.since(Instant::ZERO),
            calls_answered: state.server.control.counters().calls_answered,
            fingerprint: state.trace.digest(),
        }
    }

    fn goes_on(&mut self, time: Duration) -> Result<(), String> {
        self.world
            .goes_on(time)
            .map_err(|violation| violation.sentence)
    }

    /// Somebody does something.
    fn act(&mut self) {
        let number = self.dice.below(self.phones.len());
        let phone = self.phones[number].phone.clone();
        match self.dice.below(20) {
            0 => phone.vanishes(),
            1 => phone.misbehaves(),
            2..=3 => self.spoil_link(number),
            // What is under way would be answered at the old address, and tried for minutes.
            4 if self.phones[number].behind_nat && phone.is_settled() => {
                phone.speaks();
                phone.nat_rebinds();
            }
            4..=6 => self.operate(),
            _ if !phone.is_on() => phone.restarts(),
            _ => self.use_phone(&phone),
        }
    }

    fn use_phone(&mut self, phone: &PhoneHandle) {
        let dice = &mut self.dice;
        match phone.line() {
            Line::Idle => {
                let number = dice.pick(&NUMBERS).copied().unwrap_or("4711");
                if dice.chance(150) {
                    phone.dials_without_offer(number);
                } else {
                    phone.dials(number);
                }
            }
            Line::Calling | Line::Ringing if dice.chance(300) => {
                phone.hangs_up();
            }
            Line::Up => self.use_call(phone),
            Line::Calling | Line::Ringing | Line::Ending => {}
        }
    }

    fn use_call(&mut self, phone: &PhoneHandle) {
        let dice = &mut self.dice;
        match dice.below(14) {
            0..=1 => phone.hangs_up(),
            2 => phone.holds(Hold::SendOnly),
            3 => phone.holds(Hold::Inactive),
            4 => phone.holds(Hold::ZeroAddress),
            5..=6 => phone.resumes(),
            7 => phone.moves_its_audio(),
            8 => phone.mutes_itself(),
            9 => phone.falls_silent(),
            10 => phone.presses_by_info('5'),
            11 => phone.presses("4242#"),
            12 => phone.presses("#"),
            _ => phone.speaks(),
        };
    }

    /// Makes a link worse for a while.
    fn spoil_link(&mut self, number: usize) {
        let dice = &mut self.dice;
        let random = Link {
            loss_permille: u16::try_from(dice.below(250)).unwrap_or(0),
            duplicates_permille: u16::try_from(dice.below(100)).unwrap_or(0),
            reordered_permille: u16::try_from(dice.below(100)).unwrap_or(0),
            delay: dice.within(&(millis(1)..millis(150))),
            jitter: dice.within(&(millis(1)..millis(60))),
            cut: dice.chance(250),
        };
        let time = dice.within(&(millis(500)..secs(5)));
        let actor = &mut self.phones[number];
        actor.heals_at = Some(self.world.now() + time);
        self.world.link(&actor.phone, random);
    }

    fn heal(&mut self) {
        let now = self.world.now();
        for actor in &mut self.phones {
            if actor.heals_at.take_if(|at| *at <= now).is_some() {
                self.world.link(&actor.phone, Link::GOOD);
            }
        }
    }

    /// The operator does something; that it is refused is no fault.
    fn operate(&mut self) {
        let dice = &mut self.dice;
        let room = (*dice.pick(&ROOMS).expect("there are rooms")).to_owned();
        let channels = self
            .phones
            .iter()
            .filter_map(|actor| actor.phone.channel_id());
        let channels: Vec<String> = channels.collect();
        let Some(channel) = dice.pick(&channels).cloned() else {
            return;
        };
        let one = Selector::One(channel.clone());
        let command = match dice.below(8) {
            0 => Command::Kick {
                room,
                selector: one,
            },
            1 => Command::Mute {
                room,
                selector: one,
                muted: true,
            },
            2 => Command::Mute {
                room,
                selector: Selector::All,
                muted: true,
            },
            3 => Command::Mute {
                room,
                selector: Selector::All,
                muted: false,
            },
            4 => Command::Lock { room },
            5 => Command::Unlock { room },
            6 => Command::HangUp {
                channel,
                cause: Cause::NORMAL_CLEARING,
            },
            _ => Command::RoomParticipants { room },
        };
        drop(self.world.command(command));
    }

    /// Leaves the world alone until server and phones agree.
    fn calm_down(&mut self) -> Result<(), String> {
        self.world.all_links(Link::GOOD);
        for actor in &mut self.phones {
            actor.heals_at = None;
            if actor.behind_nat {
                // A NAT that has forgotten its phone is told anew by what the phone says.
                actor.phone.speaks();
            }
        }
        self.goes_on(secs(3))?;
        let end = self.world.now() + CALM_LIMIT;
        loop {
            let outcome = self.world.harmony();
            if outcome.is_ok() && self.world.is_calm() {
                return Ok(());
            }
            if self.world.now() >= end {
                let why = outcome.err().unwrap_or("calls come and go".to_owned());
                let limit = CALM_LIMIT.as_secs();
                return Err(format!(
                    "a world without faults is calm after {limit} s: {why}"
                ));
            }
            self.goes_on(millis(500))?;
        }
    }

    /// Everybody hangs up; nothing may be left.
    fn end(&mut self) -> Result<(), String> {
        self.calm_down()?;
        for actor in &self.phones {
            actor.phone.hangs_up();
        }
        self.goes_on(secs(2))?;
        let channels: Vec<String> = self
            .world
            .view()
            .channels
            .values()
            .map(|channel| channel.id.to_string())
            .collect();
        for channel in channels {
            let command = Command::HangUp {
                channel,
                cause: Cause::NORMAL_CLEARING,
            };
            drop(self.world.command(command));
        }
        let end = self.world.now() + END_LIMIT;
        loop {
            let outcome = self.world.emptiness();
            if outcome.is_ok() || self.world.now() >= end {
                return outcome;
            }
            self.goes_on(secs(5))?;
        }
    }
}

fn actor(world: &mut World, dice: &mut Dice, number: usize) -> Actor {
    const NAMES: [&str; 8] = [
        "alice", "bob", "carol", "dave", "erin", "frank", "grace", "heidi",
    ];
    let name = NAMES[number % NAMES.len()];
    let behind_nat = dice.chance(350);
    let phone = if behind_nat {
        // Most home routers give the first phone the same address.
        world.phone_behind_nat(name, "192.168.1.10")
    } else {
        let ppm = i32::try_from(dice.below(401)).unwrap_or(200) - 200;
        world.phone_with_drift(name, ppm)
    };
    Actor {
        phone,
        behind_nat,
        heals_at: None,
    }
}

fn panic_text(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    let text = text.or_else(|| panic.downcast_ref::<&str>().copied());
    format!(
        "no machine panics; one did: {}",
        text.unwrap_or("without words")
    )
}
