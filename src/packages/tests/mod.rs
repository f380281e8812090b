//! Tests of each package service by itself, over a temporary store and a scripted registry.

mod doubting;
mod email_domains;
mod judging;
mod lab;
mod looking;
mod queueing;
mod reporting;
