//! A small lexer for Rust: enough to tell code from strings and comments, and braces from braces.
//!
//! It also sees inside macro calls, which a syntax tree shows only as tokens.

/// A piece of code between white space, or a comment.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Token<'a> {
    pub(crate) kind: Kind<'a>,
    /// First and last line, counted from 1.
    pub(crate) line: usize,
    pub(crate) last_line: usize,
    /// Offset of the first byte and of the one after the last.
    pub(crate) start: usize,
    pub(crate) end: usize,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Kind<'a> {
    /// A name, keyword or number.
    Word(&'a str),
    /// One character of punctuation, brackets included.
    Punct(u8),
    /// A string, byte string or character literal of any form.
    Text,
    Lifetime,
    /// A comment of any form, from its marker to the end of its line or to its closing marker.
    Comment,
}

impl Token<'_> {
    pub(crate) fn is(&self, word: &str) -> bool {
        self.kind == Kind::Word(word)
    }

    pub(crate) fn is_punct(&self, punct: u8) -> bool {
        self.kind == Kind::Punct(punct)
    }
}

/// Splits `source` into tokens, without its comments. Never fails: what does not end, ends with
/// the file.
pub(crate) fn tokens(source: &str) -> Vec<Token<'_>> {
    let mut tokens = pieces(source);
    tokens.retain(|token| token.kind != Kind::Comment);
    tokens
}

/// Splits `source` into tokens and comments.
pub(crate) fn pieces(source: &str) -> Vec<Token<'_>> {
    let mut lexer = Lexer {
        source,
        bytes: source.as_bytes(),
        at: 0,
        line: 1,
    };
    std::iter::from_fn(|| lexer.next()).collect()
}

struct Lexer<'a> {
    source: &'a str,
    bytes: &'a [u8],
    at: usize,
    line: usize,
}

impl<'a> Lexer<'a> {
    fn next(&mut self) -> Option<Token<'a>> {
        self.skip_blank();
        let (start, line) = (self.at, self.line);
        let first = self.peek(0)?;
        let kind = match first {
            b'"' => self.text(),
            b'\'' => self.quote(),
            b'/' if self.starts_with(b"//") => self.line_comment(),
            b'/' if self.starts_with(b"/*") => self.block_comment(),
            _ if self.at_prefixed_text() => self.prefixed_text(),
            _ if is_word(first) => self.word(),
            _ => {
                self.advance(1);
                Kind::Punct(first)
            }
        };
        Some(Token {
            kind,
            line,
            last_line: self.line,
            start,
            end: self.at,
        })
    }

    fn peek(&self, ahead: usize) -> Option<u8> {
        self.bytes.get(self.at + ahead).copied()
    }

    fn advance(&mut self, count: usize) {
        let end = (self.at + count).min(self.bytes.len());
        self.line += self.bytes[self.at..end]
            .iter()
            .filter(|byte| **byte == b'\n')
            .count();
        self.at = end;
    }

    fn starts_with(&self, prefix: &[u8]) -> bool {
        self.bytes[self.at..].starts_with(prefix)
    }

    fn skip_blank(&mut self) {
        while self.peek(0).is_some_and(|byte| byte.is_ascii_whitespace()) {
            self.advance(1);
        }
    }

    fn line_comment(&mut self) -> Kind<'a> {
        let rest = &self.bytes[self.at..];
        let end = rest.iter().position(|byte| *byte == b'\n');
        self.advance(end.unwrap_or(rest.len()));
        Kind::Comment
    }

    /// Block comments nest.
    fn block_comment(&mut self) -> Kind<'a> {
        let mut depth = 0_usize;
        while self.at < self.bytes.len() {
            if self.starts_with(b"/*") {
                depth += 1;
                self.advance(2);
            } else if self.starts_with(b"*/") {
                depth -= 1;
                self.advance(2);
                if depth == 0 {
                    break;
                }
            } else {
                self.advance(1);
            }
        }
        Kind::Comment
    }

    fn text(&mut self) -> Kind<'a> {
        self.advance(1);
        while let Some(byte) = self.peek(0) {
            match byte {
                b'\\' => self.advance(2),
                b'"' => {
                    self.advance(1);
                    break;
                }
                _ => self.advance(1),
            }
        }
        Kind::Text
    }

    /// `'a'` is a character and `'a` a lifetime: the quote after one character decides.
    fn quote(&mut self) -> Kind<'a> {
        let rest = &self.source[self.at + 1..];
        let first = rest.chars().next();
        if first == Some('\\') {
            self.advance(3);
            while self.peek(0).is_some_and(|byte| byte != b'\'') {
                self.advance(1);
            }
            self.advance(1);
            return Kind::Text;
        }
        let length = first.map_or(0, char::len_utf8);
        if rest.as_bytes().get(length) == Some(&b'\'') {
            self.advance(length + 2);
            return Kind::Text;
        }
        self.advance(1);
        self.word();
        Kind::Lifetime
    }

    /// At `r"`, `r#"`, `b"`, `b'`, `br"`, `c"`, `cr#"` and the like; not at the name `r#type`.
    fn at_prefixed_text(&self) -> bool {
        let rest = &self.bytes[self.at..];
        let letters = rest
            .iter()
            .take(2)
            .take_while(|byte| b"rbc".contains(byte))
            .count();
        let after = rest.get(letters);
        match &rest[..letters] {
            b"" => false,
            b"b" => matches!(after, Some(b'"' | b'\'')),
            b"c" => after == Some(&b'"'),
            b"r" | b"br" | b"cr" => {
                let hashes = rest[letters..]
                    .iter()
                    .take_while(|byte| **byte == b'#')
                    .count();
                rest.get(letters + hashes) == Some(&b'"')
            }
            _ => false,
        }
    }

    fn prefixed_text(&mut self) -> Kind<'a> {
        let rest = &self.bytes[self.at..];
        let letters = rest.iter().take_while(|byte| b"rbc".contains(byte)).count();
        let raw = rest[..letters].contains(&b'r');
        self.advance(letters);
        if self.peek(0) == Some(b'\'') {
            return self.quote();
        }
        if raw { self.raw_text() } else { self.text() }
    }

    fn raw_text(&mut self) -> Kind<'a> {
        let hashes = self.bytes[self.at..]
            .iter()
            .take_while(|byte| **byte == b'#')
            .count();
        let end = format!("\"{}", "#".repeat(hashes));
        let body = self.at + hashes + 1;
        let found = self.source.get(body..).and_then(|rest| rest.find(&end));
        let last = found.map_or(self.bytes.len(), |offset| body + offset + end.len());
        self.advance(last - self.at);
        Kind::Text
    }

    fn word(&mut self) -> Kind<'a> {
        let start = self.at;
        while self.peek(0).is_some_and(is_word) {
            self.advance(1);
        }
        Kind::Word(&self.source[start..self.at])
    }
}

/// Bytes of names and numbers; all above ASCII count, so that a word never splits a character.
fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || byte >= 0x80
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(source: &str) -> String {
        let shown = tokens(source).into_iter().map(|token| match token.kind {
            Kind::Word(word) => word.to_owned(),
            Kind::Punct(punct) => char::from(punct).to_string(),
            Kind::Text => "TEXT".to_owned(),
            Kind::Lifetime => "'".to_owned(),
            Kind::Comment => "COMMENT".to_owned(),
        });
        shown.collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn comments_vanish_even_nested_and_unfinished() {
        assert_eq!(code("a // { }\nb"), "a b");
        assert_eq!(code("a /* { /* } */ { */ b"), "a b");
        assert_eq!(code("a /* { "), "a");
    }

    #[test]
    fn comments_are_pieces_with_their_lines() {
        let source = "a /// b\n/* c\n*/ d";
        let found: Vec<(&str, usize, usize)> = pieces(source)
            .iter()
            .map(|piece| (&source[piece.start..piece.end], piece.line, piece.last_line))
            .collect();
        assert_eq!(
            found,
            [
                ("a", 1, 1),
                ("/// b", 1, 1),
                ("/* c\n*/", 2, 3),
                ("d", 3, 3)
            ]
        );
    }

    #[test]
    fn braces_inside_texts_do_not_count() {
        assert_eq!(
            code(r#"f("{ \" {", b"{", c"}")"#),
            "f ( TEXT , TEXT , TEXT )"
        );
        assert_eq!(
            code("r\"{\\\" r#\"{ \" }\"# br##\"\"#}\"##"),
            "TEXT TEXT TEXT"
        );
        assert_eq!(
            code("'{' '\\'' '\\u{7d}' b'}' 'é'"),
            "TEXT TEXT TEXT TEXT TEXT"
        );
    }

    #[test]
    fn lifetimes_raw_names_and_words_are_told_from_texts() {
        assert_eq!(code("&'a str"), "& ' str");
        assert_eq!(code("'outer: loop {}"), "' : loop { }");
        assert_eq!(code("r#fn bar crab b r"), "r # fn bar crab b r");
    }

    #[test]
    fn lines_are_counted_through_texts_and_comments() {
        let found = tokens("\"a\nb\" /* \n */ x");
        assert_eq!((found[0].line, found[0].last_line), (1, 2));
        assert_eq!(found[1].line, 3);
    }

    #[test]
    fn every_prefix_of_a_hard_file_lexes() {
        let source = "r##\"a\"## b'\\'' 'x' /* ü */ \"\\\"\" 'a: é \\ '";
        for (end, _) in source.char_indices() {
            assert!(tokens(&source[..end]).iter().all(|token| token.end <= end));
        }
    }
}
