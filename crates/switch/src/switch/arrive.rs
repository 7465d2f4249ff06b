//! A call arrives.

use alloc::boxed::Box;
use alloc::collections::BTreeMap;
use alloc::format;
use alloc::string::String;
use alloc::sync::Arc;

use plenum_time::Instant;

use super::channel::{Activity, Channel};
use super::{Refusal, Switch, Turn};
use crate::cause::Cause;
use crate::config::{NAME_BYTES_MAX, VALUE_BYTES_MAX, VARIABLES_MAX};
use crate::effect::Arrival;
use crate::effects::Effects;
use crate::ids::ChannelKey;
use crate::journal::{ChannelState, ChannelView, Event, Party, Position};

impl Switch {
    /// Takes a call and starts its dialplan.
    ///
    /// The channel exists from here on until the driver reports
    /// [`LegEvent::HungUp`](crate::LegEvent::HungUp).
    ///
    /// # Errors
    ///
    /// [`Refusal`] with the cause and the sentence: there is no such extension, there are too many
    /// channels, or the server is shutting down.
    pub fn arrive(
        &mut self,
        now: Instant,
        arrival: Arrival,
        effects: &mut Effects,
    ) -> Result<ChannelKey, Refusal> {
        if let Err(refusal) = self.may_arrive(&arrival) {
            self.totals.refused += 1;
            return Err(refusal);
        }
        self.totals.arrived += 1;
        let next = Position {
            context: arrival.context.as_str().into(),
            extension: arrival.extension.as_str().into(),
            priority: 1,
        };
        let facts = Box::new(self.first_view(now, arrival, next.clone()));
        let key = self.channels.insert(Channel {
            dialplan: self.dialplan.clone(),
            next,
            activity: Activity::Ready,
            activity_timer: None,
            limit_timer: None,
            steps: 0,
            steps_since: now,
            early_media: false,
            over: false,
            cause: Cause::UNKNOWN,
            own_user: None,
            own_bridge: None,
            own_menu: None,
            away: None,
        });
        self.note(
            now,
            Event::ChannelCreated {
                channel: key,
                facts,
            },
        );
        self.make_ready(key);
        self.do_work(&mut Turn { now, effects });
        Ok(key)
    }

    fn may_arrive(&self, arrival: &Arrival) -> Result<(), Refusal> {
        let refuse = |cause, why| Err(Refusal { cause, why });
        if self.draining {
            let why = String::from("the server is shutting down; call again later");
            return refuse(Cause::SWITCH_CONGESTION, why);
        }
        if self.channels.len() >= self.channels_max {
            let why = format!(
                "all {} channels are in use; call again later",
                self.channels_max
            );
            return refuse(Cause::SWITCH_CONGESTION, why);
        }
        let Arrival {
            context,
            extension,
            caller_number,
            ..
        } = arrival;
        if self
            .dialplan
            .step(context, extension, 1, caller_number)
            .is_none()
        {
            return refuse(
                Cause::UNALLOCATED,
                self.dialplan.why_not(context, extension),
            );
        }
        Ok(())
    }

    fn first_view(&mut self, now: Instant, arrival: Arrival, position: Position) -> ChannelView {
        let serial = self.serials.channel;
        self.serials.channel += 1;
        let wall = self.wall(now);
        let mut variables = BTreeMap::new();
        for (name, value) in arrival.variables.into_iter().take(VARIABLES_MAX) {
            if !name.is_empty() && name.len() <= NAME_BYTES_MAX && value.len() <= VALUE_BYTES_MAX {
                variables.insert(Arc::from(name), Arc::from(value));
            }
        }
        ChannelView {
            id: format!("{}.{}", wall.as_secs(), serial).into(),
            name: format!("{}/{}-{:08x}", arrival.technology, arrival.endpoint, serial).into(),
            technology: arrival.technology,
            protocol_id: arrival.protocol_id.into(),
            state: ChannelState::Ring,
            caller: Party {
                name: arrival.caller_name.into(),
                number: arrival.caller_number.into(),
            },
            connected: Party::default(),
            language: "en".into(),
            account: "".into(),
            position,
            application: "",
            data: "".into(),
            variables,
            created: now,
            created_wall: wall,
            answered: None,
            held: false,
            talking: false,
            bridge: None,
            hanging_up: false,
            note: arrival.note.map(Arc::from),
        }
    }
}
