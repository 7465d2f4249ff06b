//! What calls live through, told as stories, and the laws that hold whatever happens.

mod applications;
mod journal;
mod laws;
mod menus;
mod rooms;
mod world;
