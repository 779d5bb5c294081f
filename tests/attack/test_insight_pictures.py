"""A picture shows what an app shows: one that was begun before a release must not be there after it."""

from __future__ import annotations

import asyncio

from londata.records.publications import Release, Step
from londata_hub.publishing.publisher import Publisher
from londata_hub.publishing.snapshots import PICTURE
from londata_hub.services.insights_counter import Counter
from londata_hub.services.insights_work import Work
from publishing_world import a_world
from sharing_records import ADA

SLUG = "library-visits"


def test_a_picture_that_a_restarted_hub_takes_while_a_release_comes_is_thrown_away(tmp_path):
    with a_world(tmp_path) as world:
        world.publish(ADA)
        work = Work(Counter(world.register, world.store, tmp_path), None, "", None, isolated=False)

        def pictured(comes_between):
            def take(publication, version, place):
                comes_between()
                return b"PNG"

            snapshots = world.publisher.snapshots
            publisher = Publisher(world.store, world.register, snapshots, world.checker, picture=take)
            asyncio.run(work._missing_pictures(publisher))
            publisher.close(wait=True)
            return (snapshots.place(SLUG, 1) / PICTURE).exists()

        def release():
            step = Step(to="released", by="ada", at=world.store.now())
            world.store.move(Release(publication=SLUG, version=1, author="ada"), step)

        # What rests on open data has released itself, so that is taken back first
        world.store.move(world.store.release(SLUG, 1), Step(to="withdrawn", by="ada", at=world.store.now()))
        assert not pictured(release)
        assert pictured(lambda: None)
