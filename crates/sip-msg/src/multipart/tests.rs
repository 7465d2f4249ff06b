use std::format;
use std::string::{String, ToString};
use std::vec::Vec;

use bytes::Bytes;
use proptest::prelude::*;

use crate::scan::visited;
use crate::*;

fn read(kind: &str, body: &str) -> Result<Vec<Part>, MultipartError> {
    let kind: MediaType = kind.parse().unwrap();
    let body = Bytes::copy_from_slice(body.as_bytes());
    Multipart::new(&kind, body, &Limits::default())?.collect()
}

#[test]
fn parts_keep_their_headers_and_octets() {
    let body = "a preamble\r\n--edge\r\nContent-Type: application/sdp\r\n\
        Content-Disposition: session;handling=optional\r\n\r\nv=0\r\n\r\n--edge  \r\n\
        c: application/pidf+xml\r\nContent-ID: <place@ship.example>\r\n\r\n--edgeless\r\n\
        --edge\r\n\r\nplain\r\n--edge--\r\nan epilogue";
    let parts = read("multipart/mixed;boundary=\"edge\"", body).unwrap();
    let bodies: Vec<_> = parts.iter().map(Part::body).collect();
    assert_eq!(bodies, [&b"v=0\r\n"[..], b"--edgeless", b"plain"]);
    let disposition = parts[0].content_disposition().unwrap().unwrap();
    assert!(!disposition.is_required());
    assert!(
        parts[1]
            .content_type()
            .unwrap()
            .is("application", "pidf+xml")
    );
    assert_eq!(parts[1].content_id().as_deref(), Some("place@ship.example"));
    assert!(parts[2].content_type().unwrap().is("text", "plain"));
    assert_eq!(parts[1].headers().count(), 2);
}

#[test]
fn a_part_may_be_empty_and_lines_may_end_with_a_line_feed() {
    let parts = read(
        "multipart/mixed;boundary=b",
        "--b\n\n--b\nX-A: 1\n\n\n--b--",
    )
    .unwrap();
    assert_eq!(parts.len(), 2);
    assert!(parts.iter().all(|part| part.body().is_empty()));
    let digest = read("multipart/digest;boundary=b", "--b\r\n\r\nx\r\n--b--\r\n").unwrap();
    assert!(digest[0].content_type().unwrap().is("message", "rfc822"));
}

#[test]
fn what_breaks_a_rule_is_named() {
    let mixed = "multipart/mixed;boundary=b";
    for (kind, body, error) in [
        (
            "multipart/mixed",
            "--b\r\n\r\n--b--",
            MultipartError::Boundary,
        ),
        (
            "multipart/mixed;boundary=\"\"",
            "----",
            MultipartError::Boundary,
        ),
        (mixed, "no delimiter", MultipartError::Delimiter),
        (mixed, "--b\r\n\r\nnever closed", MultipartError::Delimiter),
        (
            mixed,
            "--b\r\nX-A: 1\r\n--b--",
            MultipartError::PartHead(1, Rule::EndOfHeaders),
        ),
    ] {
        assert_eq!(read(kind, body).unwrap_err(), error, "{body:?}");
    }
}

/// A body of `depth` multiparts, each the only part of the one around it.
fn nest(depth: usize) -> (MediaType, Bytes) {
    let mut inner = ("text/plain".parse().unwrap(), Bytes::from_static(b"core"));
    for _ in 0..depth {
        inner = MultipartBuilder::new("mixed")
            .part(&inner.0, inner.1)
            .build();
    }
    inner
}

#[test]
fn nesting_and_parts_have_limits() {
    let limits = Limits {
        multipart_depth: 3,
        multipart_parts: 2,
        ..Limits::default()
    };
    let descend = |(kind, body): (MediaType, Bytes)| -> Result<usize, MultipartError> {
        let (mut level, mut depth) = (Some(Multipart::new(&kind, body, &limits)?), 0);
        while let Some(mut parts) = level.take() {
            depth += 1;
            level = parts.next().unwrap()?.multipart()?;
        }
        Ok(depth)
    };
    assert_eq!(descend(nest(3)), Ok(3));
    assert_eq!(descend(nest(4)), Err(MultipartError::TooDeep(3)));
    let three = (0..3).fold(MultipartBuilder::new("mixed"), |builder, _| {
        builder.part("text/plain", "x")
    });
    let (kind, body) = three.build();
    let outcome: Vec<_> = Multipart::new(&kind, body, &limits).unwrap().collect();
    assert_eq!(outcome.len(), 3);
    assert_eq!(
        outcome[2].clone().unwrap_err(),
        MultipartError::TooManyParts(2)
    );
    assert!(
        MultipartError::TooDeep(3)
            .to_string()
            .contains("raise multipart_depth")
    );
}

#[test]
fn a_message_knows_its_parts() {
    let (kind, body) = MultipartBuilder::new("related")
        .part("application/sdp", "v=0\r\n")
        .part_with(
            "application/pidf+xml",
            &[(HeaderName::ContentId, String::from("<a@b.example>\r\nX: y"))],
            "<presence/>",
        )
        .build();
    let message = MessageBuilder::response(StatusCode::OK)
        .body(&kind, body)
        .build();
    let parts = message.multipart(&Limits::default()).unwrap().unwrap();
    let parts: Vec<_> = parts.map(Result::unwrap).collect();
    assert_eq!(&parts[0].body()[..], b"v=0\r\n");
    assert_eq!(parts[1].headers().count(), 2);
    let plain = MessageBuilder::response(StatusCode::OK)
        .body("a/b", "c")
        .build();
    assert!(plain.multipart(&Limits::default()).unwrap().is_none());
}

#[test]
fn reading_parts_is_linear() {
    let cost = |body: String| {
        let kind: MediaType = "multipart/mixed;boundary=b".parse().unwrap();
        let limits = Limits {
            multipart_parts: usize::MAX,
            ..Limits::default()
        };
        visited::during(|| {
            if let Ok(parts) = Multipart::new(&kind, body.into(), &limits) {
                parts.for_each(drop);
            }
        })
    };
    let shapes: [fn(usize) -> String; 4] = [
        |n| format!("--b\r\n{}", "\r\n--b\r\n".repeat(n)),
        |n| format!("--b\r\n\r\n{}", "--b".repeat(n)),
        |n| format!("--b\r\n{}\r\n--b--", "A: b\r\n".repeat(n.min(200))),
        |n| "\n--b ".repeat(n),
    ];
    for shape in shapes {
        let (once, twice) = (cost(shape(1_000)), cost(shape(2_000)));
        assert!(once > 0 && twice * 10 <= once * 22, "{once} became {twice}");
    }
}

proptest! {
    #[test]
    fn built_parts_are_read_back(
        bodies in prop::collection::vec("(part-[0-9]{0,3}|--part-[0-9]|\r\n|[ -~]){0,8}", 1..6),
    ) {
        let builder = bodies.iter().fold(MultipartBuilder::new("mixed"), |builder, body| {
            builder.part("text/plain", body.clone())
        });
        let (kind, body) = builder.build();
        let kind: MediaType = kind.to_string().parse().unwrap();
        let parts = Multipart::new(&kind, body, &Limits::default()).unwrap();
        let read: Vec<Vec<u8>> = parts.map(|part| part.unwrap().body().to_vec()).collect();
        let written: Vec<Vec<u8>> = bodies.into_iter().map(String::into_bytes).collect();
        prop_assert_eq!(read, written);
    }

    #[test]
    fn any_octets_are_parts_or_an_error(body in "(--b|--b--|\r\n|\n|:|a|\\PC){0,40}") {
        if let Ok(parts) = read("multipart/mixed;boundary=b", &body) {
            for part in parts {
                prop_assert!(part.body().len() <= body.len());
                let _ = (part.content_type(), part.content_disposition(), part.content_id());
            }
        }
    }
}

#[test]
fn the_default_boundary_is_free() {
    let (kind, _) = MultipartBuilder::new("mixed")
        .part("a/b", "part-7 part-12")
        .build();
    assert_eq!(kind.params.value("boundary"), Some("part-13"));
}
