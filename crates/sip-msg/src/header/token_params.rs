/// A header value that is one token and its parameters.
macro_rules! token_with_params {
    ($(#[$doc:meta])* $name:ident, $(#[$field_doc:meta])* $field:ident, $is_list:literal) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, Hash)]
        pub struct $name {
            $(#[$field_doc])*
            pub $field: $crate::Token,
            /// What follows it.
            pub params: $crate::Params,
        }

        impl $name {
            /// A value without parameters.
            pub const fn new($field: $crate::Token) -> Self {
                Self { $field, params: $crate::Params::new() }
            }
        }

        impl $crate::HeaderValue for $name {
            const IS_LIST: bool = $is_list;

            fn parse_value(text: &str) -> Result<Self, $crate::SyntaxError> {
                let end = $crate::scan::find_outside(text, b';', false);
                let $field = $crate::Token::new($crate::scan::trim(&text[..end]))?;
                Ok(Self { $field, params: text[end..].parse()? })
            }
        }

        impl core::fmt::Display for $name {
            fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                write!(f, "{}{}", self.$field, self.params)
            }
        }
    };
}

pub(super) use token_with_params;
