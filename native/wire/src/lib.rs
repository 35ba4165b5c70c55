//! The binary words of Segue that cross processes.
//!
//! Owns: the [`route`] token. Rules: pure, no allocation, no clock, never panics on bytes from outside. Refuses to know:
//! sockets, Python, and what a session is.

#![no_std]

pub mod route;
