//! The applications a step can run.

use crate::nearest;
use alloc::string::String;

/// Declares the applications from one table: name, fewest and most arguments, how it is written.
macro_rules! applications {
    ($($name:ident $min:literal..=$max:tt $usage:literal;)*) => {
        /// An application.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(crate) enum App {
            $($name,)*
        }

        const NAMES: &[&str] = &[$(stringify!($name)),*];

        impl App {
            /// Finds an application by its name, whatever the case.
            pub(super) fn parse(name: &str) -> Option<Self> {
                $(if name.eq_ignore_ascii_case(stringify!($name)) {
                    return Some(Self::$name);
                })*
                None
            }

            pub(crate) const fn name(self) -> &'static str {
                match self {
                    $(Self::$name => stringify!($name),)*
                }
            }

            /// How the application is written.
            pub(crate) const fn usage(self) -> &'static str {
                match self {
                    $(Self::$name => concat!(stringify!($name), $usage),)*
                }
            }

            /// Fewest and most arguments.
            const fn arity(self) -> (usize, usize) {
                match self {
                    $(Self::$name => ($min, applications!(@max $max)),)*
                }
            }
        }
    };
    (@max many) => { usize::MAX };
    (@max $max:literal) => { $max };
}

applications! {
    Answer 0..=2 "([delay in ms])";
    Busy 0..=1 "([seconds])";
    ConfBridge 1..=4 "(room[,bridge_profile[,user_profile[,menu]]])";
    Congestion 0..=1 "([seconds])";
    Echo 0..=0 "()";
    Goto 1..=3 "([[context,]extension,]priority or label)";
    GotoIf 1..=many "(condition?target if true[:target if false])";
    Hangup 0..=1 "([cause])";
    Milliwatt 0..=1 "()";
    NoOp 0..=many "([text])";
    Playback 1..=2 "(sound[&sound...][,options])";
    Progress 0..=0 "()";
    Record 1..=4 "(file[,seconds of silence[,seconds in all[,options]]])";
    Ringing 0..=0 "()";
    Set 1..=many "(name=value)";
    Verbose 0..=many "([level,]text)";
    Wait 1..=1 "(seconds)";
    WaitExten 0..=2 "([seconds])";
}

impl App {
    /// Whether so many arguments are as many as the application takes.
    pub(super) fn takes(self, arguments: usize) -> bool {
        let (min, max) = self.arity();
        (min..=max).contains(&arguments)
    }

    /// Writes which application was probably meant.
    pub(super) fn hint(name: &str) -> String {
        nearest::hint(name, NAMES.iter().copied())
    }
}

/// Returns the names of all applications that a dialplan may use, in alphabetical order.
#[must_use]
pub fn application_names() -> &'static [&'static str] {
    NAMES
}
