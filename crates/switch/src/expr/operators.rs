//! What stands in `$[...]`, with all variables replaced.
//!
//! From loosest to tightest: `? ::`, `|`, `&`, comparisons, `+ -`, `* / %`, `! -` before an
//! operand, `~~`. Whole numbers compare as numbers, everything else as text.

use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::cmp::Ordering;

mod tokens;

use tokens::{Token, tokens};

/// How deep parentheses may stand in each other.
const NESTING_MAX: usize = 64;

/// Evaluates an expression.
pub(super) fn evaluate(text: &str, warnings: &mut Vec<String>) -> Result<String, &'static str> {
    let tokens = tokens(text)?;
    let mut parser = Parser {
        tokens: &tokens,
        at: 0,
        depth: 0,
        warnings,
    };
    let value = parser.choice()?;
    match parser.peek() {
        None => Ok(value.text),
        Some(Token::Operand(_)) => {
            Err("two values stand side by side; put text with spaces in quotes")
        }
        Some(Token::Operator(_)) => Err("an operator has no value on its right"),
    }
}

/// Whether a value counts as true: not empty and not the number zero.
pub(crate) fn truth(text: &str) -> bool {
    let text = text.trim();
    !text.is_empty() && text.parse::<i64>() != Ok(0)
}

#[derive(Clone, Debug, PartialEq)]
struct Value {
    text: String,
    quoted: bool,
}

impl Value {
    fn number(number: i64) -> Self {
        Self {
            text: number.to_string(),
            quoted: false,
        }
    }

    fn truth(truth: bool) -> Self {
        Self::number(i64::from(truth))
    }

    fn is_true(&self) -> bool {
        truth(&self.text)
    }

    fn as_number(&self) -> Option<i64> {
        self.text.parse().ok()
    }

    fn compare(&self, other: &Self) -> Ordering {
        match (self.as_number(), other.as_number()) {
            (Some(left), Some(right)) if !self.quoted && !other.quoted => left.cmp(&right),
            _ => self.text.cmp(&other.text),
        }
    }
}

struct Parser<'a> {
    tokens: &'a [Token],
    at: usize,
    depth: usize,
    warnings: &'a mut Vec<String>,
}

impl Parser<'_> {
    fn peek(&self) -> Option<&Token> {
        self.tokens.get(self.at)
    }

    /// Takes the next token if it is one of these operators.
    fn take(&mut self, operators: &[&'static str]) -> Option<&'static str> {
        let Some(Token::Operator(operator)) = self.peek() else {
            return None;
        };
        let operator = *operator;
        operators.contains(&operator).then(|| {
            self.at += 1;
            operator
        })
    }

    fn choice(&mut self) -> Result<Value, &'static str> {
        if self.depth == NESTING_MAX {
            return Err("parentheses stand too deep in each other");
        }
        self.depth += 1;
        let mut value = self.binary(0)?;
        if self.take(&["?"]).is_some() {
            let yes = self.choice()?;
            self.take(&["::"]).ok_or("a ? needs its ::")?;
            let no = self.choice()?;
            value = if value.is_true() { yes } else { no };
        }
        self.depth -= 1;
        Ok(value)
    }

    fn binary(&mut self, level: usize) -> Result<Value, &'static str> {
        const LEVELS: [&[&str]; 6] = [
            &["|"],
            &["&"],
            &["=", "==", "!=", "<", ">", "<=", ">="],
            &["+", "-"],
            &["*", "/", "%"],
            &["~~"],
        ];
        let Some(operators) = LEVELS.get(level) else {
            return self.unary();
        };
        let mut left = self.binary(level + 1)?;
        while let Some(operator) = self.take(operators) {
            let right = self.binary(level + 1)?;
            left = self.apply(operator, left, right)?;
        }
        Ok(left)
    }

    fn unary(&mut self) -> Result<Value, &'static str> {
        if let Some(operator) = self.take(&["!", "-", "("]) {
            if self.depth == NESTING_MAX {
                return Err("operators stand too deep in each other");
            }
            self.depth += 1;
            let value = match operator {
                "(" => {
                    let value = self.choice()?;
                    self.take(&[")"]).ok_or("a ( has no )")?;
                    value
                }
                "!" => Value::truth(!self.unary()?.is_true()),
                _ => {
                    let value = self.unary()?;
                    Value::number(
                        self.whole(&value)
                            .checked_neg()
                            .ok_or("the number is too large")?,
                    )
                }
            };
            self.depth -= 1;
            return Ok(value);
        }
        match self.peek() {
            Some(Token::Operand(value)) => {
                let value = value.clone();
                self.at += 1;
                Ok(value)
            }
            _ => Err("a value is missing; put quotes around a variable that can be empty"),
        }
    }

    fn apply(&mut self, operator: &str, left: Value, right: Value) -> Result<Value, &'static str> {
        Ok(match operator {
            "|" => {
                if left.is_true() {
                    left
                } else {
                    right
                }
            }
            "&" => {
                if left.is_true() && right.is_true() {
                    left
                } else {
                    Value::number(0)
                }
            }
            "=" | "==" => Value::truth(left.compare(&right).is_eq()),
            "!=" => Value::truth(left.compare(&right).is_ne()),
            "<" => Value::truth(left.compare(&right).is_lt()),
            ">" => Value::truth(left.compare(&right).is_gt()),
            "<=" => Value::truth(left.compare(&right).is_le()),
            ">=" => Value::truth(left.compare(&right).is_ge()),
            "~~" => Value {
                text: left.text + &right.text,
                quoted: true,
            },
            _ => Value::number(self.calculate(operator, &left, &right)?),
        })
    }

    fn calculate(
        &mut self,
        operator: &str,
        left: &Value,
        right: &Value,
    ) -> Result<i64, &'static str> {
        let (left, right) = (self.whole(left), self.whole(right));
        if right == 0 && matches!(operator, "/" | "%") {
            return Err("nothing can be divided by zero");
        }
        match operator {
            "+" => left.checked_add(right),
            "-" => left.checked_sub(right),
            "*" => left.checked_mul(right),
            "/" => left.checked_div(right),
            _ => left.checked_rem(right),
        }
        .ok_or("the number is too large")
    }

    /// Reads a whole number; anything else counts as zero, as in the reference.
    fn whole(&mut self, value: &Value) -> i64 {
        value.as_number().unwrap_or_else(|| {
            self.warnings.push(alloc::format!(
                "\"{}\" is no whole number; 0 is used",
                value.text
            ));
            0
        })
    }
}
