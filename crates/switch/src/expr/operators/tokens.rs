//! Values and operators of an expression.

use alloc::string::String;
use alloc::vec::Vec;

use super::Value;

#[derive(Clone, Debug, PartialEq)]
pub(super) enum Token {
    Operand(Value),
    Operator(&'static str),
}

/// Longer ones first, so that `<=` is not read as `<`.
const OPERATORS: [&str; 21] = [
    "==", "!=", "<=", ">=", "::", "~~", "=~", "=", "<", ">", "|", "&", "+", "-", "*", "/", "%",
    "!", "?", "(", ")",
];

pub(super) fn tokens(text: &str) -> Result<Vec<Token>, &'static str> {
    let mut tokens = Vec::new();
    let mut rest = text.trim_start();
    while !rest.is_empty() {
        rest = match rest.strip_prefix('"') {
            Some(inside) => {
                let (value, after) = quoted(inside)?;
                tokens.push(Token::Operand(Value {
                    text: value,
                    quoted: true,
                }));
                after
            }
            None => match OPERATORS
                .iter()
                .find(|operator| rest.starts_with(**operator))
            {
                Some(&"=~") => return Err("=~ is not available"),
                Some(operator) => {
                    tokens.push(Token::Operator(operator));
                    &rest[operator.len()..]
                }
                None => {
                    let (word, after) = word(rest);
                    let value = Value {
                        text: word.into(),
                        quoted: false,
                    };
                    tokens.push(Token::Operand(value));
                    after
                }
            },
        }
        .trim_start();
    }
    Ok(tokens)
}

/// Reads up to the closing quote; a backslash keeps whatever follows it.
fn quoted(text: &str) -> Result<(String, &str), &'static str> {
    let mut value = String::new();
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        match c {
            '\\' => value.extend(chars.next()),
            '"' => return Ok((value, chars.as_str())),
            _ => value.push(c),
        }
    }
    Err("a quote has no end")
}

/// Reads up to a blank, a quote or an operator.
fn word(text: &str) -> (&str, &str) {
    let ends = |c: char| c.is_whitespace() || "\"=<>|&+-*/%!?()~".contains(c);
    let end = text
        .char_indices()
        .skip(1)
        .find(|&(at, c)| ends(c) || text[at..].starts_with("::"))
        .map_or(text.len(), |(at, _)| at);
    text.split_at(end)
}
