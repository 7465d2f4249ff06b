//! A bench for the control machine: callers that send text, a driver that binds ports when it is
//! told to, shards that obey at once.

use alloc::collections::{BTreeMap, VecDeque};
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::net::{IpAddr, Ipv4Addr, SocketAddr};
use core::time::Duration;

use bytes::Bytes;
use plenum_media::{LegId, MediaCommand, MediaNotice, PortId};
use plenum_sip_msg::{Limits, Message, Method};
use plenum_sip_ua::Flow;
use plenum_switch::{Dialplan, SwitchConfig};
use plenum_time::Instant;

use crate::{Control, ControlConfig, ControlOutbox, Input, Output, ShardId};

const DIALPLAN: &str = "\
[default]
exten => 1,1,Answer()
 same => n,ConfBridge(1,,quiet)
exten => 2,1,Answer()
 same => n,Wait(1)
 same => n,NoOp(later)
 same => n,Echo()
exten => 3,1,Ringing()
 same => n,Wait(5)
";

/// Rounds of orders and answers that one input may take.
const ROUNDS_MAX: usize = 100_000;

/// A machine, and what it has said so far.
pub(crate) struct Bench {
    pub(crate) control: Control,
    pub(crate) now: Instant,
    pub(crate) out: ControlOutbox,
    /// Orders for shards.
    pub(crate) media: Vec<MediaCommand>,
    /// Requests for port pairs that are not answered yet.
    pub(crate) binding: VecDeque<(ShardId, u16)>,
    responses: BTreeMap<String, Vec<Message>>,
    requests: BTreeMap<String, Vec<Method>>,
    ports: u16,
    /// Where callers signal from.
    pub(crate) source: IpAddr,
}

impl Bench {
    /// Builds a machine whose shards may bind so many pairs each; none is bound yet.
    pub(crate) fn new(shards: u16, pairs_per_shard: usize) -> Self {
        let mut switch = SwitchConfig::new(Dialplan::parse(DIALPLAN).expect("a dialplan"));
        switch
            .rooms
            .set_user("quiet", "quiet", "yes")
            .expect("an option");
        let config = ControlConfig {
            product: "Plenum".into(),
            calls_max: 10_000,
            anonymous_context: Some("default".into()),
            media_addresses: IpAddr::V4(Ipv4Addr::LOCALHOST).into(),
            shards,
            pairs_per_shard,
            recording_buffer_samples: 4_000,
            switch,
        };
        let mut out = ControlOutbox::new();
        let control = Control::new(config, [7; 32], &mut out);
        let mut bench = Self {
            control,
            now: Instant::ZERO,
            out,
            media: Vec::new(),
            binding: VecDeque::new(),
            responses: BTreeMap::new(),
            requests: BTreeMap::new(),
            ports: 0,
            source: [192, 0, 2, 9].into(),
        };
        bench.carry_out();
        bench
    }

    /// Builds a machine of one shard with a reserve of ports.
    pub(crate) fn ready() -> Self {
        let mut bench = Self::new(1, 200);
        bench.binds();
        bench
    }

    /// Lets a caller call a number, with an offer that announces `audio`.
    pub(crate) fn invites(&mut self, caller: &str, number: &str, audio: &str) {
        self.invites_with(caller, number, &format!("m=audio {audio} RTP/AVP 0\r\n"));
    }

    /// Lets a caller call a number, with an offer of these media lines.
    pub(crate) fn invites_with(&mut self, caller: &str, number: &str, media: &str) {
        let sdp = format!(
            "v=0\r\no=- 1 1 IN IP4 192.0.2.9\r\ns=-\r\nc=IN IP4 192.0.2.9\r\nt=0 0\r\n{media}"
        );
        let (len, to) = (sdp.len(), format!("<sip:{number}@127.0.0.1>"));
        let rest = format!("Content-Type: application/sdp\r\nContent-Length: {len}\r\n\r\n{sdp}");
        self.sends(caller, number, ("INVITE", "i"), &to, &rest);
    }

    /// Lets a caller call a number and leave the offer to us.
    pub(crate) fn invites_without_offer(&mut self, caller: &str, number: &str) {
        let to = format!("<sip:{number}@127.0.0.1>");
        let rest = "Content-Length: 0\r\n\r\n";
        self.sends(caller, number, ("INVITE", "i"), &to, rest);
    }

    /// Lets a caller hang up.
    pub(crate) fn hangs_up(&mut self, caller: &str, number: &str) {
        let last = self.responses[caller].last().expect("a response");
        let to = last.to().expect("a To header").to_string();
        let rest = "Content-Length: 0\r\n\r\n";
        self.sends(caller, number, ("BYE", "b"), &to, rest);
    }

    /// Lets a caller withdraw its INVITE.
    pub(crate) fn cancels(&mut self, caller: &str, number: &str) {
        let to = format!("<sip:{number}@127.0.0.1>");
        self.sends(
            caller,
            number,
            ("CANCEL", "i"),
            &to,
            "Content-Length: 0\r\n\r\n",
        );
    }

    /// Lets a caller acknowledge the last response.
    pub(crate) fn acknowledges(&mut self, caller: &str, number: &str) {
        let last = self.responses[caller].last().expect("a response");
        let to = last.to().expect("a To header").to_string();
        self.sends(
            caller,
            number,
            ("ACK", "a"),
            &to,
            "Content-Length: 0\r\n\r\n",
        );
    }

    /// Lets a caller call and be answered.
    pub(crate) fn connects(&mut self, caller: &str, number: &str) {
        self.invites(caller, number, "4000");
        assert_eq!(self.status(caller), 200);
        self.acknowledges(caller, number);
    }

    /// Answers the oldest request for port pairs as asked.
    pub(crate) fn binds(&mut self) {
        let (shard, count) = self.binding.pop_front().expect("pairs were asked for");
        self.binds_for(shard, count, None);
    }

    /// Answers the oldest request for port pairs with fewer than were asked for.
    pub(crate) fn binds_only(&mut self, count: u16) {
        let (shard, _) = self.binding.pop_front().expect("pairs were asked for");
        self.binds_for(shard, count, Some("the range is used up".to_string()));
    }

    /// Hands an input to the machine and carries out what follows.
    pub(crate) fn handle(&mut self, input: Input) {
        self.control.handle(self.now, input, &mut self.out);
        self.carry_out();
    }

    /// Lets time pass.
    pub(crate) fn waits(&mut self, time: Duration) {
        let until = self.now + time;
        while let Some(due) = self.control.next_deadline().filter(|at| *at <= until) {
            self.now = self.now.max(due);
            self.control.timeout(self.now, &mut self.out);
            self.carry_out();
        }
        self.now = until;
    }

    /// Returns the status of the last response to a caller.
    pub(crate) fn status(&self, caller: &str) -> u16 {
        let last = self.responses.get(caller).and_then(|all| all.last());
        last.and_then(Message::status)
            .map_or(0, |status| status.as_u16())
    }

    /// Returns the last response to a caller as text.
    pub(crate) fn response(&self, caller: &str) -> String {
        let last = self.responses[caller].last().expect("a response");
        String::from_utf8_lossy(last.bytes()).into_owned()
    }

    /// Tells whether the machine has hung up on a caller.
    pub(crate) fn is_hung_up(&self, caller: &str) -> bool {
        let requests = self.requests.get(caller);
        requests.is_some_and(|all| all.contains(&Method::Bye))
    }

    /// Carries out the orders of the machine.
    pub(crate) fn carry_out(&mut self) {
        for _ in 0..ROUNDS_MAX {
            let Some(output) = self.out.pop() else { return };
            match output {
                Output::Send { bytes, .. } => self.sent(bytes),
                Output::Media { shard, command } => self.obey(shard, command),
                Output::BindPorts { shard, count } => self.binding.push_back((shard, count)),
                _ => {}
            }
        }
        panic!("the machine runs in circles");
    }

    fn sent(&mut self, bytes: Bytes) {
        let message = Message::parse_datagram(bytes, &Limits::default()).expect("a message");
        let caller = message.call_id().expect("a Call-ID").to_string();
        match message.method() {
            Some(method) => {
                let requests = self.requests.entry(caller).or_default();
                requests.push(method.clone());
            }
            None => self.responses.entry(caller).or_default().push(message),
        }
    }

    fn obey(&mut self, shard: ShardId, command: MediaCommand) {
        let removed = match &command {
            MediaCommand::RemoveLeg { leg } => Some(*leg),
            _ => None,
        };
        self.media.push(command);
        if let Some(leg) = removed {
            self.removed(shard, leg);
        }
    }

    fn removed(&mut self, shard: ShardId, leg: LegId) {
        let stats = Default::default();
        let notice = MediaNotice::LegRemoved { leg, stats };
        let input = Input::Media { shard, notice };
        self.control.handle(self.now, input, &mut self.out);
    }

    fn binds_for(&mut self, shard: ShardId, count: u16, shortage: Option<String>) {
        let numbers = self.ports..self.ports + count;
        self.ports += count;
        let ports = numbers.map(|number| (PortId(number.into()), 10_000 + 2 * number));
        self.handle(Input::PortsBound {
            shard,
            ports: ports.collect(),
            shortage,
        });
    }

    fn sends(
        &mut self,
        caller: &str,
        number: &str,
        (method, branch): (&str, &str),
        to: &str,
        rest: &str,
    ) {
        let sequence = if method == "BYE" { 2 } else { 1 };
        let text = format!(
            "{method} sip:{number}@127.0.0.1 SIP/2.0\r\n\
             Via: SIP/2.0/UDP 192.0.2.9:5060;branch=z9hG4bK{branch}{caller}\r\n\
             Max-Forwards: 70\r\nFrom: <sip:{caller}@192.0.2.9>;tag={caller}\r\nTo: {to}\r\n\
             Call-ID: {caller}\r\nCSeq: {sequence} {method}\r\nContact: <sip:{caller}@192.0.2.9>\r\n{rest}"
        );
        let local = SocketAddr::from(([127, 0, 0, 1], 5060));
        let remote = SocketAddr::from((self.source, 5060));
        self.handle(Input::Datagram {
            flow: Flow::udp(local, remote),
            bytes: Bytes::from(text),
        });
    }
}
