use super::super::{Algorithm, Hash};
use super::*;

const RFC_7616: Terms<'_> = Terms {
    nonce: "7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v",
    cnonce: "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ",
    nc: "00000001",
    qop: Some(Qop::Auth),
    method: "GET",
    uri: "/dir/index.html",
    body: b"",
};

fn mufasa(hash: Hash) -> Ha1 {
    Ha1::new(hash, "Mufasa", "http-auth@example.org", "Circle of Life")
}

#[test]
fn rfc_7616_section_3_9_1_with_md5() {
    let response = RFC_7616.response(&mufasa(Hash::Md5));
    assert_eq!(response.as_str(), "8ca523f5e9506fed4657c9700eebdbec");
}

#[test]
fn rfc_7616_section_3_9_1_with_sha_256() {
    let response = RFC_7616.response(&mufasa(Hash::Sha256));
    assert_eq!(
        response.as_str(),
        "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1"
    );
}

#[test]
fn rfc_2617_section_3_5() {
    let terms = Terms {
        nonce: "dcd98b7102dd2f0e8b11d0f600bfb0c093",
        cnonce: "0a4f113b",
        ..RFC_7616
    };
    let key = Ha1::new(Hash::Md5, "Mufasa", "testrealm@host.com", "Circle Of Life");
    assert_eq!(
        terms.response(&key).as_str(),
        "6629fae49393a05397450978507c4ef1"
    );
}

/// RFC 7616 3.9.2 prints other digits; erratum 4897 corrects them.
#[test]
fn the_user_name_of_rfc_7616_section_3_9_2_hides_as_its_erratum_says() {
    let parts: [&[u8]; 2] = ["J\u{e4}s\u{f8}n Doe".as_bytes(), b"api@example.org"];
    assert_eq!(
        Hash::Sha512_256.of(&parts).as_str(),
        "793263caabb707a56211940d90411ea4a575adeccb7e360aeb624ed06ece9b0b"
    );
}

/// The digits come from another implementation (OpenSSL), put together by RFC 7616 3.4.1 to 3.4.3.
#[test]
fn each_algorithm_and_qop_agrees_with_another_implementation() {
    #[rustfmt::skip]
    let vectors = [
        (Algorithm::MD5, None, "98d61a4357b7ac01dcec31bd3f0f685e"),
        (Algorithm::MD5, Some(Qop::Auth), "84a90c963dcb68a110c656a491010dd5"),
        (Algorithm::MD5, Some(Qop::AuthInt), "a1b9b87ff275456a22fe8d7920fbe215"),
        (Algorithm::MD5_SESS, None, "ead7d06899bc1fd68bebec5c69e4b717"),
        (Algorithm::MD5_SESS, Some(Qop::Auth), "0f5829fb2356e245468c7f6876ac43e2"),
        (Algorithm::MD5_SESS, Some(Qop::AuthInt), "0a5cb86785d3b4caaa6b92c26c56eca7"),
        (Algorithm::SHA_256, None, "e8a2ac37ef2579cb128b6b5ba7444ddb98bb0c8b5d0e19fbd7eb46769c311727"),
        (Algorithm::SHA_256, Some(Qop::Auth), "8cf779635421c32f0fe82308c6a7ed45e7e9136b3d821d56c5347e78da722c79"),
        (Algorithm::SHA_256, Some(Qop::AuthInt), "4269811200794604558a0295b2508cdf5ee04b8c308d0b54a26049cc860804d4"),
        (Algorithm::SHA_256_SESS, None, "153288f6fdf0f11ddcde6446ab2870bc14581ec46bb2582f82a5e9a6e5f990d4"),
        (Algorithm::SHA_256_SESS, Some(Qop::Auth), "e1b9c23e4f77bad0854b73d8d2f4ffe57debe23e6226195769913fdf52472edb"),
        (Algorithm::SHA_256_SESS, Some(Qop::AuthInt), "84a66fa4d3feca69229a0604c7c1ca5ce4dacfdb41ee8aaab3a6ee0c4bbab673"),
        (Algorithm::SHA_512_256, None, "2f8ea1ee770bcf6feb3548c48b831f124dc9bbca16778e760ab98ad1fae1348b"),
        (Algorithm::SHA_512_256, Some(Qop::Auth), "c54b6d87c79ffb72a2adc9a02fd345562b493b1d8d5210bb471d7764134eef09"),
        (Algorithm::SHA_512_256, Some(Qop::AuthInt), "f64cc202e9453038cf2cdc5cdfe6db0e1975426e7bee4664dabb0c84f9a3771b"),
        (Algorithm::SHA_512_256_SESS, None, "c5635d985650b3cb14def0305c8b7981234513c060af10bd17838840a6c8ea4c"),
        (Algorithm::SHA_512_256_SESS, Some(Qop::Auth), "73fe19406db1ac86f41ecc2fed44d019091b085fc2a9c4df195cc10713d2fd7a"),
        (Algorithm::SHA_512_256_SESS, Some(Qop::AuthInt), "97a83f58d54e0417d18e7091ab81b03b149201c735c882c16f8442a9e1a969f2"),
    ];
    for (algorithm, qop, digits) in vectors {
        let terms = Terms {
            nonce: "n0nce",
            cnonce: "c0ffee",
            nc: "0000000a",
            qop,
            method: "INVITE",
            uri: "sip:ann@hall.example",
            body: b"v=0\r\n",
        };
        let mut key = Ha1::new(algorithm.hash, "ben", "hall.example", "tr0mbone");
        if algorithm.is_session {
            key = key.for_session(terms.nonce, terms.cnonce);
        }
        assert_eq!(terms.response(&key).as_str(), digits, "{algorithm} {qop:?}");
    }
}
