//! What can be wrong with a dialplan, in sentences.

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

/// One thing that keeps a dialplan from loading.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}, column {column}: {problem}")]
pub struct DialplanError {
    /// The line, from 1.
    pub line: u32,
    /// The column, from 1.
    pub column: u32,
    /// What is wrong.
    pub problem: Problem,
}

/// All that keeps a dialplan from loading, in the order of the text.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DialplanErrors {
    /// The errors, at least one.
    pub errors: Vec<DialplanError>,
    /// How many further ones there are.
    pub more: usize,
}

impl fmt::Display for DialplanErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, error) in self.errors.iter().enumerate() {
            if index > 0 {
                f.write_str("\n")?;
            }
            write!(f, "{error}")?;
        }
        if self.more > 0 {
            write!(f, "\nand {} more", self.more)?;
        }
        Ok(())
    }
}

impl core::error::Error for DialplanErrors {}

/// One thing that loads but looks wrong.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Warning {
    /// The line, from 1.
    pub line: u32,
    /// The sentence.
    pub why: String,
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: {}", self.line, self.why)
    }
}

/// A broken rule of the syntax, and the fix.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Problem {
    /// The text is too long.
    #[error("a dialplan has at most {max} bytes; split it over several servers")]
    TextTooLong {
        /// The limit.
        max: usize,
    },
    /// A line is too long.
    #[error("a line has at most {max} bytes; move parts into variables")]
    LineTooLong {
        /// The limit.
        max: usize,
    },
    /// There is too much.
    #[error("a dialplan has at most {max} steps, copies from templates counted")]
    TooManySteps {
        /// The limit.
        max: usize,
    },
    /// A block comment has no end.
    #[error("this comment has no end; close it with --;")]
    OpenComment,
    /// A section header is not one.
    #[error("a context is written [name], [name](!) or [name](template); {why}")]
    BadSection {
        /// What is wrong with it.
        why: &'static str,
    },
    /// A template is missing.
    #[error("no context \"{name}\" above this line to take over{hint}")]
    UnknownTemplate {
        /// The name.
        name: String,
        /// A suggestion, or nothing.
        hint: String,
    },
    /// A line is not a statement.
    #[error("this is no statement; write name => value, or ; before a comment")]
    NoStatement,
    /// A line stands before the first context.
    #[error("this line belongs to no context; write [name] above it")]
    OutsideContext,
    /// A directive that is not taken.
    #[error("{directive} is not read; put all contexts into one file")]
    Directive {
        /// The directive.
        directive: String,
    },
    /// A statement that does not exist.
    #[error("a context takes exten, same and include, not \"{keyword}\"{hint}")]
    UnknownKeyword {
        /// What was given.
        keyword: String,
        /// A suggestion, or nothing.
        hint: String,
    },
    /// A statement that the reference has and this one has not.
    #[error("switch => is not available; write the extensions out or include a context")]
    Switch,
    /// A statement lacks parts.
    #[error("an extension is written exten => number,priority,Application(arguments); {why}")]
    BadExtension {
        /// What is wrong.
        why: &'static str,
    },
    /// `same` without anything before it.
    #[error("same => needs an exten => above it in the same context")]
    SameWithoutExten,
    /// A priority is not one.
    #[error("\"{priority}\" is no priority; write a number from 1, n, n+2 or s, then (label)")]
    BadPriority {
        /// What was given.
        priority: String,
    },
    /// `n` or `s` without anything before it.
    #[error("\"{priority}\" counts on from the step before; begin the extension with 1")]
    NoPriorityBefore {
        /// What was given.
        priority: String,
    },
    /// A pattern is not one.
    #[error("\"{pattern}\" is no pattern; {why}")]
    BadPattern {
        /// What was given.
        pattern: String,
        /// What is wrong.
        why: &'static str,
    },
    /// There is no such application.
    #[error("there is no application \"{name}\"{hint}")]
    UnknownApplication {
        /// What was given.
        name: String,
        /// A suggestion, or nothing.
        hint: String,
    },
    /// An application has the wrong number of arguments.
    #[error("{name} is written {usage}")]
    BadArguments {
        /// The application.
        name: &'static str,
        /// How it is written.
        usage: &'static str,
    },
    /// The parentheses of an application do not match.
    #[error("the arguments of {name} have no end; close them with )")]
    OpenArguments {
        /// The application.
        name: String,
    },
    /// Something follows the arguments.
    #[error("nothing may follow the ) that ends the arguments, but \"{text}\" does")]
    AfterArguments {
        /// What follows.
        text: String,
    },
    /// A variable or an expression is written wrong.
    #[error("{0}")]
    Expression(#[from] crate::expr::SyntaxError),
}
