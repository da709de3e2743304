// SPDX-License-Identifier: GPL-2.0-only
/*
 * Devices "linux,cma-test" of the device tree: does one with a memory-region get
 * its DMA memory from the area there? Each logs the result and frees the memory, or
 * whether drivers can find a node that has no area.
 */

#include <linux/cma.h>
#include <linux/device.h>
#include <linux/dma-map-ops.h>
#include <linux/of.h>
#include <linux/of_reserved_mem.h>
#include <linux/platform_device.h>
#include <linux/sizes.h>

static bool cma_of_test_finds(struct device *dev)
{
	struct device_node *node = of_parse_phandle(dev->of_node, "memory-region", 0);
	bool found = node && of_reserved_mem_lookup(node);

	of_node_put(node);
	return found;
}

static int cma_of_test_probe(struct platform_device *pdev)
{
	struct device *dev = &pdev->dev;
	struct page *page;
	int ret;

	ret = of_reserved_mem_device_init(dev);
	if (ret) {
		dev_info(dev, "no area: %d, node %s\n", ret,
			 cma_of_test_finds(dev) ? "found" : "not found");
		return ret;
	}

	page = dma_alloc_contiguous(dev, SZ_128K, GFP_KERNEL);
	if (page && cma_pages_valid(dev_get_cma_area(dev), page,
				    SZ_128K >> PAGE_SHIFT))
		dev_info(dev, "memory from area %s\n",
			 cma_get_name(dev_get_cma_area(dev)));
	else
		dev_info(dev, "%s\n", page ? "memory from elsewhere" : "no memory");
	if (page)
		dma_free_contiguous(dev, page, SZ_128K);

	of_reserved_mem_device_release(dev);
	return 0;
}

static const struct of_device_id cma_of_test_match[] = {
	{ .compatible = "linux,cma-test" },
	{ }
};

static struct platform_driver cma_of_test_driver = {
	.probe = cma_of_test_probe,
	.driver = {
		.name = "cma_of_test",
		.of_match_table = cma_of_test_match,
		.suppress_bind_attrs = true,
	},
};
builtin_platform_driver(cma_of_test_driver);
