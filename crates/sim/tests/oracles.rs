//! The oracles are no yes-men: each fails when it should.

use plenum_sim::{PhoneHandle, World, secs};

fn two_in_a_room(world: &mut World) -> (PhoneHandle, PhoneHandle) {
    let (alice, bob) = (world.phone("alice"), world.phone("bob"));
    alice.dials("7001");
    bob.dials("7001");
    world.runs_for(secs(3));
    (alice, bob)
}

#[test]
#[should_panic(expected = "alice does not hear bob")]
fn a_phone_that_is_not_heard_is_noticed() {
    let mut world = World::new(61).build();
    let (alice, bob) = two_in_a_room(&mut world);
    bob.mutes_itself();
    world.runs_for(secs(1));
    world.expects_all_to_hear_each_other(&[&alice, &bob]);
}

#[test]
#[should_panic(expected = "alice hears itself")]
fn a_phone_that_hears_itself_is_noticed() {
    let mut world = World::new(62).build();
    let alice = world.phone("alice");
    alice.dials("9196");
    world.runs_for(secs(2));
    world.expects_all_to_hear_each_other(&[&alice]);
}

#[test]
#[should_panic(expected = "nothing is left when all calls are over")]
fn a_call_that_goes_on_is_noticed() {
    let mut world = World::new(63).build();
    two_in_a_room(&mut world);
    world.expects_nothing_left();
}

#[test]
#[should_panic(expected = "bob is in no call")]
fn a_phone_without_a_call_is_noticed() {
    let mut world = World::new(64).build();
    let (alice, bob) = two_in_a_room(&mut world);
    bob.hangs_up();
    world.runs_for(secs(1));
    world.expects_all_to_hear_each_other(&[&bob, &alice]);
}
